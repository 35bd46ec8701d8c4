"""Disjoint groups of nodes, some of which must stay apart: union-find that also keeps what stands between groups.

Belongs here: the data structure, over numbered nodes. Does not belong here: what nodes are and which unions are asked
for in which order (`constraints`, `clusters`).
"""

from __future__ import annotations

from collections.abc import Sequence

NOTHING = -1


class Groups:
    """Groups of the nodes 0 to n - 1, at first each alone.

    Two things can stand between two groups: a statement that keeps a node of one apart from a node of the other, and a
    mark that both bear. The lighter group always hangs itself below the heavier one, where a node weighs 1 and a
    statement 1 at both its ends: so a node is at most log2 of all weight away from its root, and what stands between
    groups is moved at most as often. Hundreds of thousands of unions and refusals take about a second.

    Attributes:
        parent: the node above each one; of a root, itself.
    """

    def __init__(self, node_count: int, marks: Sequence[int] = ()) -> None:
        """Groups of one node each.

        Args:
            node_count: of nodes.
            marks: per node a set of bits; two groups that have a bit in common should stay apart. None by default.
        """
        self.parent = list(range(node_count))
        self._since = [NOTHING] * node_count  # number of the union that hung the node below its parent
        self._weight = [1] * node_count
        self._marks = list(marks) or [0] * node_count
        self._apart: dict[int, dict[int, int]] = {}  # root to the roots it stays apart from, and the statement

    def find(self, node: int) -> int:
        """The root of the node's group."""
        parent = self.parent
        while (above := parent[node]) != node:
            node = above
        return node

    def keep_apart(self, left: int, right: int, number: int) -> None:
        """Keeps the groups of two nodes apart by the statement `number`; of several the smallest number is kept.

        The two are not in one group.
        """
        left, right = self.find(left), self.find(right)
        for one, other in ((left, right), (right, left)):
            known = self._apart.setdefault(one, {})
            known[other] = min(number, known.get(other, number))
            self._weight[one] += 1

    def statement_between(self, left: int, right: int) -> int:
        """The smallest number of a statement that keeps the groups of two roots apart, or `NOTHING`."""
        return self._apart[left].get(right, NOTHING) if left in self._apart else NOTHING

    def mark_between(self, left: int, right: int) -> int:
        """The lowest bit that the groups of two different roots have in common, by its position, or `NOTHING`."""
        both = self._marks[left] & self._marks[right]
        return (both & -both).bit_length() - 1 if both else NOTHING

    def unite(self, left: int, right: int, number: int = 0) -> None:
        """Makes the groups of two roots one, whatever stands between them; `number` rises from union to union."""
        if left == right:
            return
        heavy, light = (left, right) if self._weight[left] >= self._weight[right] else (right, left)
        self.parent[light] = heavy
        self._since[light] = number
        self._weight[heavy] += self._weight[light]
        self._marks[heavy] |= self._marks[light]
        for other, statement in self._apart.pop(light, {}).items():
            of_other = self._apart[other]
            del of_other[light]
            if other != heavy:
                of_other[heavy] = min(statement, of_other.get(heavy, statement))
                own = self._apart.setdefault(heavy, {})
                own[other] = min(statement, own.get(other, statement))

    def united_by(self, left: int, right: int) -> int:
        """Number of the union that brought two different nodes of one group together."""
        number = NOTHING
        while left != right:  # on the way to a root, numbers rise; a root was never hung
            if self._since[right] == NOTHING or NOTHING != self._since[left] <= self._since[right]:
                number, left = self._since[left], self.parent[left]
            else:
                number, right = self._since[right], self.parent[right]
        return number
