"""What waits for a person: linking that was stopped, a model, questions, disputed decisions, overrides to review.

Belongs here: counting, from stores and the stewards' file. Does not belong here: printing, or what to do about it.
"""

from __future__ import annotations

from dataclasses import dataclass

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Project
from crm_pipeline.steps.publishing.link_accepting import waiting
from crm_pipeline.steps.reviewing.listing import disputed_decisions, open_questions
from crm_pipeline.steps.reviewing.overriding import due_overrides


@dataclass(frozen=True, slots=True)
class Pending:
    """What waits; no value and no key of any record.

    Attributes:
        stopped_by: guards of linking that stopped the last run that linked, and that nobody accepted.
        model: number of the refused model that people may accept; None where none waits.
        model_changed: verdicts that it would change on the fixed sample.
        model_kept: pairs of the sample that it or the model in use links or lets wait.
        questions: open ones about who is one customer; None before anything was published.
        disagreements: decisions that something says the contrary of, or that count for nothing; None likewise.
        due_overrides: values that stewards gave and that wait for a review.
    """

    stopped_by: tuple[str, ...]
    model: int | None
    model_changed: int
    model_kept: int
    questions: int | None
    disagreements: int | None
    due_overrides: int

    @property
    def is_nothing(self) -> bool:
        """Whether nobody has to do anything."""
        waits = (self.stopped_by, self.model is not None, self.questions, self.disagreements, self.due_overrides)
        return not any(waits)


def pending(project: Project) -> Pending:
    """What waits now, decisions since the last run counted in.

    Raises:
        PipelineError: the store of decisions is damaged.
    """
    found = waiting(project)
    change = found.change.values() if found.model else ()
    try:
        questions: int | None = open_questions(project, most=0).total
        disagreements: int | None = disputed_decisions(project).height
    except ConfigurationError:  # nothing was published, or by a version without a review queue
        questions = disagreements = None
    return Pending(
        found.broken,
        found.model.version if found.model else None,
        sum(told["changed"] for told in change),
        sum(told["kept"] for told in change),
        questions,
        disagreements,
        due_overrides(project),
    )
