"""The models, one per population: how two people and how two organisations are compared, each line with its reason.

Fellegi and Sunter 1969: the weight of an outcome is log2(m / u), m being how often it occurs among pairs of one
customer, u among pairs of strangers. Numbers here are where learning starts; they count as much as fifty pairs.
"""

from crm_pipeline.linkage.model.organisations import ORGANISATIONS
from crm_pipeline.linkage.model.people import PEOPLE
from crm_pipeline.linkage.model.population import BlockingRule, Population

POPULATIONS: tuple[Population, ...] = (PEOPLE, ORGANISATIONS)

__all__ = ["ORGANISATIONS", "PEOPLE", "POPULATIONS", "BlockingRule", "Population"]
