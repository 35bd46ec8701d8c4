"""Which records are one customer, and the id that customer keeps.

Belongs here: pairs, model, constraints, clusters, identities. Does not belong here: standardising (`standardise`), the
golden record (`golden`), and when any of this runs (`orchestration`).
"""

from crm_pipeline.linkage.candidates.budget import Estimate, estimate
from crm_pipeline.linkage.clustering.clusters import ClusterSummary, cluster_records
from crm_pipeline.linkage.clustering.constraints import Constraints, Contradiction, Decision, contradictions
from crm_pipeline.linkage.identity.identity import IdentitySummary, assign_customers
from crm_pipeline.linkage.identity.ids import is_customer_id
from crm_pipeline.linkage.identity.stability import Stability
from crm_pipeline.linkage.learning.comparing import markdown as model_change_table
from crm_pipeline.linkage.learning.taking_over import is_by_hand, reinstate, waiting_model
from crm_pipeline.linkage.pairs import PairSummary, pair_records

__all__ = [
    "ClusterSummary",
    "Constraints",
    "Contradiction",
    "Decision",
    "Estimate",
    "IdentitySummary",
    "PairSummary",
    "Stability",
    "assign_customers",
    "cluster_records",
    "contradictions",
    "estimate",
    "is_by_hand",
    "is_customer_id",
    "model_change_table",
    "pair_records",
    "reinstate",
    "waiting_model",
]
