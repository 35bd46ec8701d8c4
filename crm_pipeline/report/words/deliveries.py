"""Words of the sections on what came in: deliveries, rejections, completeness, checks.

Belongs here: what is said of rows and rules. Does not belong here: customers (`customers`), or notes of rules: suites
bring their own.
"""

from __future__ import annotations

from crm_pipeline.report.words.both import Words

DELIVERIES: dict[str, Words] = {
    "deliveries": Words("What came in", "数据接入"),
    "deliveries.lead": Words(
        "The deliveries that this run applied, and what became of every row: delivered = loaded + unchanged + "
        "quarantined + duplicates + erased. Of an extract without any, the newest one is shown, paler.",
        "本次运行处理的交付及每一行的去向：交付 = 载入 + 未变 + 隔离 + 重复 + 已擦除。"
        "本次没有交付的抽取以浅色显示其最近一次交付。",
    ),
    "deliveries.none": Words("No delivery has been applied yet.", "尚无已处理的交付。"),
    "outcome.tip": Words("{outcome}: {n} rows, {share}", "{outcome}：{n} 行，{share}"),
    "outcome.tip.one": Words("{outcome}: 1 row, {share}", "{outcome}：1 行，{share}"),
    "deliveries.unaccounted.one": Words(
        "1 row of {extract} is not accounted for: this is a defect of the pipeline.",
        "{extract} 有 1 行去向不明：这是程序缺陷。",
    ),
    "deliveries.unaccounted": Words(
        "{n} rows of {extract} are not accounted for: this is a defect of the pipeline.",
        "{extract} 有 {n} 行去向不明：这是程序缺陷。",
    ),
    "rejections": Words("What was rejected, and why", "拒收内容及原因"),
    "rejections.lead": Words(
        "Rules that rows broke, over all deliveries so far. A held-back row waits in quarantine; a removed cell leaves "
        "the rest of its row in use.",
        "截至目前所有交付中违反规则的情况。被隔离的行停留在隔离区；被清空的单元格不影响该行其余内容的使用。",
    ),
    "rejections.none": Words(
        "Nothing was rejected: every row and every cell was accepted.", "没有拒收：所有行和单元格均已接受。"
    ),
    "rejections.newest": Words("{n} in the newest deliveries", "最新交付中 {n} 行"),
    "rejections.more": Words("{n} more rules with fewer rows are not shown.", "另有 {n} 条行数较少的规则未显示。"),
    "rejections.more.one": Words("1 more rule with fewer rows is not shown.", "另有 1 条行数较少的规则未显示。"),
    "rejections.rows": Words("rows", "行"),
    "rejections.rows.one": Words("row", "行"),
    "severity.row": Words("Row quarantined", "整行隔离"),
    "severity.duplicate": Words("Duplicate key", "主键重复"),
    "severity.value": Words("Cell removed", "单元格清空"),
    "severity.warning": Words("Warning", "警告"),
    "severity.table": Words("Stops the run", "中止运行"),
    "fills": Words("Completeness, before and after", "治理前后的完整率"),
    "fills.lead": Words(
        "Share of records in which a column is filled, as delivered and after standardising, and share of golden "
        "customers that have it.",
        "各列的填充比例：交付时、标准化后（按记录），以及黄金客户记录中（按客户）。",
    ),
    "fills.none": Words("There are no records yet.", "尚无记录。"),
    "fills.other": Words("{entity}: {n} columns", "{entity}：{n} 列"),
    "fills.other.one": Words("{entity}: 1 column", "{entity}：1 列"),
    "fills.never": Words("Never delivered: {columns}.", "从未交付：{columns}。"),
    "checks": Words("Checks", "质量检查"),
    "checks.lead": Words(
        "Each rule and each SQL test as it was judged last. Those on whole tables stop a run or warn; the others hold "
        "back rows, remove cells or warn.",
        "每条校验规则和 SQL 测试最近一次的判定。针对整表的会中止运行或发出警告，其余会隔离行、清空单元格或发出警告。",
    ),
    "checks.none": Words("Nothing has been judged yet.", "尚未执行任何检查。"),
    "checks.all_passed": Words("All {n} checks passed.", "全部 {n} 项检查均已通过。"),
    "checks.all_passed.one": Words("The only check passed.", "仅有的 1 项检查已通过。"),
    "checks.some_failed": Words("{failed} of {n} checks did not pass.", "{n} 项检查中有 {failed} 项未通过。"),
    "checks.some_failed.one": Words("The only check did not pass.", "仅有的 1 项检查未通过。"),
    "checks.all": Words("All {n} checks", "全部 {n} 项检查"),
    "checks.all.one": Words("The only check", "仅有的 1 项检查"),
    "checks.of": Words("{failed} of {judged} rows", "{judged} 行中 {failed} 行"),
    "checks.of.one": Words("{failed} of 1 row", "1 行中 {failed} 行"),
    "passed": Words("passed", "通过"),
    "failed": Words("not passed", "未通过"),
}
