"""Words of the section of system against system.

Belongs here: who is missing where, what systems disagree about, revenue. Does not belong here: which value survived
(`customers`).
"""

from __future__ import annotations

from crm_pipeline.report.words.both import Words

SYSTEMS: dict[str, Words] = {
    "systems": Words("System against system", "系统间核对"),
    "systems.nav": Words("Comparison", "核对"),
    "systems.lead": Words(
        "Every two systems side by side: customers that one of them lacks, columns that say different things, revenue.",
        "任意两个系统逐一对照：一方缺少的客户、内容不一致的列，以及收入。",
    ),
    "systems.none": Words(
        "Fewer than two systems have customers, or this run did not come to the comparison.",
        "有客户的系统不足两个，或本次运行未执行到核对步骤。",
    ),
    "missing": Words("Customers missing on one side", "一方缺少的客户"),
    "missing.lead": Words(
        "A system has a customer when it has a living record of it. Values are in conflict when none is in both.",
        "系统中有某客户的有效记录，即视为拥有该客户。双方取值无一相同，即计为冲突。",
    ),
    "missing.first": Words("only in the first", "仅在前者"),
    "missing.both": Words("in both", "双方均有"),
    "missing.second": Words("only in the second", "仅在后者"),
    "missing.more": Words(
        "{n} more are in <code>system_overlap</code>.", "另有 {n} 对见 <code>system_overlap</code>。"
    ),
    "missing.list": Words(
        "Who they are: <code>system_gaps</code>. How it was: <code>crm-pipeline query --as-of</code>.",
        "具体客户见 <code>system_gaps</code>，以往的情况可用 <code>crm-pipeline query --as-of</code> 查询。",
    ),
    "differing": Words("Columns that disagree, and which side is newer", "不一致的列，以及哪一方较新"),
    "differing.lead": Words(
        "Newer is the system whose record was changed later. The name is of the one that is newer more often.",
        "记录更新时间较晚的系统为较新的一方；所示为较新次数更多的系统。",
    ),
    "differing.more": Words(
        "{n} more are in <code>system_disagreements</code>.", "另有 {n} 项见 <code>system_disagreements</code>。"
    ),
    "differing.none": Words(
        "Wherever two systems both have a value, one at least is the same.", "凡双方均有值的列，至少有一个取值相同。"
    ),
    "newer": Words(
        "newer: {first} {one}, {second} {other}; same time or unknown: {untold}",
        "较新：{first} {one}，{second} {other}；时间相同或未知：{untold}",
    ),
    "revenues": Words("Orders and revenue side by side", "订单与收入对照"),
    "revenues.lead": Words(
        "Each currency by itself. Differing are customers who ordered in both systems, for unequal sums.",
        "各币种分别统计。在两个系统均有订单但合计不等的客户计为不一致。",
    ),
    "revenues.none": Words("Fewer than two systems have orders.", "有订单的系统不足两个。"),
    "col.systems": Words("Systems", "系统"),
    "col.conflicts": Words("In conflict", "冲突占比"),
    "col.shared_trend": Words("Share in both", "共有占比"),
    "col.newer": Words("Which is newer", "较新的一方"),
    "col.currency": Words("Currency", "币种"),
    "col.orders": Words("Orders", "订单"),
    "col.revenue": Words("Revenue", "收入"),
    "col.in_both": Words("Customers in both", "共有客户"),
    "col.differing": Words("Differing", "不一致"),
}
