"""Guards: what a step must hold beyond the rules and tests of its tables.

Belongs here: their claims in both languages, and their verdicts recorded. Does not belong here: rules and tests
(`checks`), or how Dagster shows either.
"""

from __future__ import annotations

from crm_pipeline.steps.checks import STOPS, WARNS, record_guard
from crm_pipeline.steps.publishing.back_up import BackUpResult
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import CLUSTERS, PAIRS

LARGEST, TAKEN, TAKES_OVER = "largest_cluster", "is_taken", "retrained_model_takes_over"
SNAPSHOT = "backup.snapshot"
TAKEN_CLAIM = "A snapshot holds the present state, read back and equal; without backup.key none is taken."
_TAKEN_ZH = "快照包含当前全部状态，回读核对一致；未配置 backup.key 时不备份。"
TAKES_OVER_CLAIM = (
    "A model trained anew takes over, unless it learnt what can't be true or changes more than "
    "linkage.largest_model_change; then the last good one goes on."
)
_TAKES_OVER_ZH = (
    "重新训练的模型随即启用，除非其结果不可能成立，或改变的判定超过 linkage.largest_model_change；"
    "否则沿用上一个可靠的模型。"
)
_LARGEST_CLAIM = "No customer has more than {limit} records; a giant one is fused by a shared value."
_LARGEST_ZH = "任何客户的记录数不超过 {limit} 条；过大的客户多因共用取值而误并。"
_SIZES = f"FROM {CLUSTERS.qualified} SELECT cluster_key, count(*) AS record_count GROUP BY ALL"
_COUNTS = f"SELECT count(*), count(*) FILTER (record_count > ?) FROM ({_SIZES})"


def largest_claim(limit: int) -> str:
    """What is claimed of the sizes of clusters."""
    return _LARGEST_CLAIM.format(limit=limit)


def claims_zh(limit: int) -> dict[str, str]:
    """Each claim to the same in Chinese; `limit` is that on the size of clusters."""
    return {
        largest_claim(limit): _LARGEST_ZH.format(limit=limit),
        TAKEN_CLAIM: _TAKEN_ZH,
        TAKES_OVER_CLAIM: _TAKES_OVER_ZH,
    }


def guard_clusters(run: Run, limit: int) -> bool:
    """Whether no cluster has more than `limit` records; otherwise the run stops. Counted in clusters."""
    [(judged, failed)] = run.warehouse.execute(_COUNTS, [limit])
    record_guard(run, CLUSTERS.qualified, LARGEST, STOPS, judged=judged, failed=failed, notes=largest_claim(limit))
    return int(failed) == 0


def guard_model(run: Run, *, is_refused: bool) -> bool:
    """Whether no model was refused; one that was is worth a word, since the last good one goes on."""
    record_guard(run, PAIRS.qualified, TAKES_OVER, WARNS, judged=1, failed=int(is_refused), notes=TAKES_OVER_CLAIM)
    return not is_refused


def guard_snapshot(run: Run, result: BackUpResult) -> bool:
    """Whether there is a snapshot; none where nobody asked for backups is worth a word, and one that fails raises."""
    is_taken = result.snapshot_id is not None
    record_guard(run, SNAPSHOT, TAKEN, WARNS, judged=1, failed=int(not is_taken), notes=TAKEN_CLAIM)
    return is_taken
