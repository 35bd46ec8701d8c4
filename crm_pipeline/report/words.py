"""Every word of the report in English and Chinese.

Belongs here: texts, with the places of their values in braces. Does not belong here: how they look. Names of tables,
columns and rules, and the notes of suites, are shown as they are in both languages. A text `<key>.one` takes the place
of `<key>` where the count `n` is one.
"""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """One text in both languages."""

    en: str
    zh: str


_PAGE = {
    "title": Words("{project} · run report", "{project} · 运行报告"),
    "skip": Words("To the figures", "跳到正文"),
    "contents": Words("Contents", "目录"),
    "more": Words("{n} more", "其余 {n} 项"),
    "outcome.published": Words("Published", "已发布"),
    "outcome.unchanged": Words("Unchanged", "无变化"),
    "outcome.stopped": Words("Stopped", "已中止"),
    "business_date": Words("Business date {day}", "业务日期 {day}"),
    "started": Words("Started {time} UTC", "开始于 {time} UTC"),
    "run": Words("Run {run}", "运行 {run}"),
    "stopped.title": Words("Nothing was published", "本次未发布任何数据"),
    "stopped.text": Words(
        "This run was stopped before publication. Readers see what was there before it; the figures below show the "
        "warehouse as the run left it.",
        "本次运行在发布前中止，读者看到的仍是此前发布的数据；下文数字反映运行中止时数据仓库的状态。",
    ),
    "stopped.by": Words("Checks that stopped it", "导致中止的检查"),
    "stopped.rows": Words("{n} rows", "{n} 行"),
    "stopped.rows.one": Words("1 row", "1 行"),
    "stopped.unknown": Words(
        "No check stopped it; the log of the run says what did.",
        "并非由检查引起；中止原因请查看运行日志。",
    ),
    "unchanged.text": Words(
        "Nothing new came in that would change a customer: what was published before stays as it is.",
        "没有会改变客户的新数据：此前发布的内容保持不变。",
    ),
    "footer.private": Words(
        "This page holds counts and names of tables, columns and rules. It holds no value of any customer, and it asks "
        "nothing of the network.",
        "本页只含计数以及表名、列名和规则名，不含任何客户的具体数据，也不发起任何网络请求。",
    ),
    "footer.run": Words("Run {run}, measured until {time} UTC.", "运行 {run}，统计截至 {time} UTC。"),
}

_HERO = {
    "hero": Words(
        "<b>{records}</b> records are <b class='key'>{customers}</b> customers",
        "<b>{records}</b> 条记录，归并为 <b class='key'>{customers}</b> 位客户",
    ),
    "hero.no_customers": Words(
        "<b>{records}</b> records, and no customers yet", "<b>{records}</b> 条记录，尚未归并为客户"
    ),
    "hero.older": Words(
        "<b>{records}</b> records, and not yet the customers they stand for",
        "<b>{records}</b> 条记录，尚未得出对应的客户",
    ),
    "hero.older_lead": Words(
        "This run did not come to the golden customers. Those shown below are of an earlier run: they do not belong "
        "to these records.",
        "本次运行未生成黄金客户记录；下文所示客户来自更早的运行，与这些记录并不对应。",
    ),
    "hero.empty": Words("Nothing has come in yet", "尚无数据到达"),
    "hero.lead": Words(
        "On average {ratio} living records from {n} systems stand for one customer.",
        "来自 {n} 个系统，平均每位客户对应 {ratio} 条有效记录。",
    ),
    "hero.lead.one": Words(
        "On average {ratio} living records of one system stand for one customer.",
        "来自 1 个系统，平均每位客户对应 {ratio} 条有效记录。",
    ),
    "hero.empty_lead": Words(
        "No customer extract has delivered a row. As soon as one does, this page says what became of it.",
        "尚无客户抽取交付任何数据行。数据到达后，本页将说明每一行的去向。",
    ),
    "flow.title": Words("From systems to customers", "从来源系统到客户"),
    "flow.text": Words(
        "The width of each band is its number of records; it narrows to the customers they stand for.",
        "条带宽度表示记录数，向右收窄为它们所代表的客户数。",
    ),
    "flow.records": Words("records", "条记录"),
    "flow.records.one": Words("record", "条记录"),
    "flow.customers": Words("customers", "位客户"),
    "flow.customers.one": Words("customer", "位客户"),
    "flow.tip": Words(
        "{source}: {records} living records, {customers} customers",
        "{source}：{records} 条有效记录，{customers} 位客户",
    ),
    "flow.held_back": Words("{n} rows held back", "{n} 行未入库"),
    "flow.held_back.one": Words("1 row held back", "1 行未入库"),
    "tile.customers": Words("Customers", "客户"),
    "tile.ratio": Words("Records per customer", "每位客户的记录数"),
    "tile.held_back": Words("Rows held back", "未入库的行"),
    "tile.review": Words("Pairs for review", "待人工复核的记录对"),
    "tile.checks": Words("Checks passed", "通过的检查"),
    "tile.time": Words("Run time", "运行用时"),
    "tile.first_run": Words("first run", "首次运行"),
    "tile.older": Words("of an earlier run", "来自更早的运行"),
    "tile.no_change": Words("as in the run before", "与上次运行相同"),
    "tile.change": Words("{change} since the run before", "较上次运行 {change}"),
    "tile.of_rows": Words("{share} of what came in", "占到达数据的 {share}"),
    "tile.records": Words("{n} living records", "{n} 条有效记录"),
    "tile.records.one": Words("1 living record", "1 条有效记录"),
    "tile.review_note": Words("a person decides", "由人工裁定"),
    "tile.review_none": Words("nobody has to decide", "无需人工裁定"),
    "tile.checks_failed": Words("{n} did not pass", "{n} 项未通过"),
    "tile.checks_all": Words("all of them", "全部通过"),
    "tile.checks_none": Words("none judged yet", "尚未执行检查"),
    "tile.memory": Words("{size} memory at most", "内存峰值 {size}"),
}

_SECTIONS = {
    "older": Words(
        "Figures of customers and golden records are of an earlier run: this one did not come to them.",
        "客户及黄金记录的数字来自更早的运行：本次运行未执行到该步骤。",
    ),
    "sources": Words("Systems", "来源系统"),
    "sources.lead": Words(
        "What each system contributes: its living customer records, and the customers they stand for.",
        "各系统的贡献：有效客户记录数，以及这些记录所代表的客户数。",
    ),
    "sources.none": Words("No system has delivered customers yet.", "尚无系统交付客户数据。"),
    "overlap": Words("Which systems know the same customers", "系统之间的客户重合"),
    "overlap.lead": Words(
        "Of the customers of the system in the row, the share that the system in the column has too.",
        "行系统的客户中，列系统也拥有的比例。",
    ),
    "overlap.tip": Words(
        "{first} and {second}: {n} customers in both", "{first} 与 {second}：{n} 位客户同时存在于两个系统"
    ),
    "systems_per_customer": Words("Customers by number of systems", "按所在系统数统计的客户"),
    "in_systems": Words("in {n} systems", "存在于 {n} 个系统"),
    "in_systems.one": Words("in 1 system", "仅存在于 1 个系统"),
    "deliveries": Words("What came in", "数据接入"),
    "deliveries.lead": Words(
        "The deliveries that this run applied, and what became of every row: delivered = loaded + unchanged + "
        "quarantined + duplicates + erased. Of an extract without any, the newest one is shown, paler.",
        "本次运行处理的交付及每一行的去向：交付 = 载入 + 未变 + 隔离 + 重复 + 已擦除。"
        "本次没有交付的抽取以浅色显示其最近一次交付。",
    ),
    "deliveries.none": Words("No delivery has been applied yet.", "尚无已处理的交付。"),
    "outcome.tip": Words("{outcome_en}: {n} rows, {share}", "{outcome_zh}：{n} 行，{share}"),
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
    "rejections.rows": Words("rows", "行"),
    "rejections.rows.one": Words("row", "行"),
    "severity.row": Words("Row quarantined", "整行隔离"),
    "severity.duplicate": Words("Duplicate key", "主键重复"),
    "severity.value": Words("Cell removed", "单元格清空"),
    "severity.warning": Words("Warning", "警告"),
    "severity.table": Words("Stops the run", "中止运行"),
    "disagreements": Words("Where systems disagree", "系统间的取值冲突"),
    "disagreements.lead": Words(
        "Customers for whom two systems, or two records of one system, give different values for one column, and whose "
        "value survived in the golden record.",
        "两个系统（或同一系统的两条记录）对同一列给出不同取值的客户数，以及黄金记录采用了哪一方的值。",
    ),
    "disagreements.none": Words(
        "No values disagree: wherever several records know a column, they say the same.",
        "没有取值冲突：凡多条记录共有的列，取值均一致。",
    ),
    "disagreements.more": Words(
        "{n} more pairs with fewer customers are not shown.", "另有 {n} 组客户数较少的冲突未显示。"
    ),
    "disagreements.within": Words("within {source}", "{source} 内部"),
    "disagreements.survived": Words("{n} from {source} survived", "{source} 的值被采用 {n} 次"),
    "matching": Words("How records were matched", "记录匹配"),
    "matching.lead": Words(
        "Shared identifiers link at once. All other pairs are scored by the model of Fellegi and Sunter; what is "
        "neither clear nor unlikely waits for a person.",
        "共享标识符直接关联；其余记录对由 Fellegi–Sunter 模型评分，介于明确与不可能之间的交由人工复核。",
    ),
    "evidence": Words("Pairs by evidence", "按依据统计的记录对"),
    "evidence.none": Words("No two records were linked.", "没有任何两条记录被关联。"),
    "evidence.identifier": Words("Shared identifier", "共享标识符"),
    "evidence.model": Words("Model", "模型"),
    "evidence.decision": Words("Decision of a person", "人工裁定"),
    "verdict.link": Words("linked", "已关联"),
    "verdict.review": Words("for review", "待复核"),
    "weights": Words("Match weights", "匹配权重分布"),
    "weights.lead": Words(
        "Pairs by match weight, log2 of the odds that both records are one customer: one more doubles the odds. Pairs "
        "below the review threshold are not kept.",
        "按匹配权重（两条记录属于同一客户的对数几率，以 2 为底）统计的记录对："
        "每增加 1，几率翻倍。低于复核阈值的记录对不保留。",
    ),
    "weights.none": Words(
        "No pair was scored by the model: all links are shared identifiers.",
        "模型未对任何记录对评分：所有关联均来自共享标识符。",
    ),
    "weights.nothing": Words("No pair was scored by the model.", "模型未对任何记录对评分。"),
    "weights.tip": Words(
        "{low} to {high}: {links} linked, {reviews} for review", "{low} 至 {high}：已关联 {links}，待复核 {reviews}"
    ),
    "weights.match": Words("match {weight}", "匹配阈值 {weight}"),
    "weights.review": Words("review {weight}", "复核阈值 {weight}"),
    "weights.text": Words(
        "{links} pairs linked and {reviews} for review, with weights from {low} to {high}.",
        "已关联 {links} 对，待复核 {reviews} 对，权重介于 {low} 与 {high} 之间。",
    ),
    "sizes": Words("Customers by number of records", "按记录数统计的客户"),
    "sizes.none": Words("There are no customers yet.", "尚无客户。"),
    "sizes.label": Words("{label} records", "{label} 条记录"),
    "sizes.label.one": Words("1 record", "1 条记录"),
    "attached": Words("What hangs on the customers", "关联到客户的业务数据"),
    "attached.rows": Words("{n} {entity} have their customer", "{n} 条 {entity} 已找到所属客户"),
    "attached.orphans": Words("{n} are orphans", "{n} 条无所属客户"),
    "attached.no_orphans": Words("no orphans", "全部有所属客户"),
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
        "Each rule as it was judged last. Rules on whole tables stop a run; the others hold back rows, remove cells "
        "or warn.",
        "每条规则最近一次的判定。整表规则会中止运行，其余规则隔离行、清空单元格或发出警告。",
    ),
    "checks.none": Words("No rule has been judged yet.", "尚未判定任何规则。"),
    "checks.all_passed": Words("All {n} rules passed.", "全部 {n} 条规则均已通过。"),
    "checks.some_failed": Words("{failed} of {n} rules did not pass.", "{n} 条规则中有 {failed} 条未通过。"),
    "checks.all": Words("All {n} rules", "全部 {n} 条规则"),
    "checks.of": Words("{failed} of {judged} rows", "{judged} 行中 {failed} 行"),
    "passed": Words("passed", "通过"),
    "failed": Words("not passed", "未通过"),
    "steps": Words("Time and memory", "用时与内存"),
    "steps.lead": Words("The steps of this run, one after the other.", "本次运行的各个步骤，按先后顺序排列。"),
    "steps.none": Words("No step was measured.", "没有步骤被计量。"),
    "steps.short": Words("{n} short steps, {seconds} together", "其余 {n} 个短步骤，合计 {seconds}"),
    "steps.short.one": Words("1 short step, {seconds}", "其余 1 个短步骤，{seconds}"),
    "steps.tip": Words("{step}: {seconds}, {memory}", "{step}：{seconds}，{memory}"),
    "trend": Words("Trend", "运行趋势"),
    "trend.lead": Words("The last {n} runs, the newest at the right.", "最近 {n} 次运行，最右为最新。"),
    "trend.none": Words(
        "This is the first run. A trend shows as soon as there is another.", "这是首次运行，再次运行后即可看到趋势。"
    ),
    "trend.customers": Words("Customers", "客户"),
    "trend.records": Words("Living records", "有效记录"),
    "trend.held_back": Words("Rows held back", "未入库的行"),
    "trend.seconds": Words("Run time", "运行用时"),
    "trend.memory": Words("Peak memory", "内存峰值"),
    "trend.outcomes": Words("How the runs ended", "运行结果"),
    "trend.run.published": Words("{time}: published", "{time}：已发布"),
    "trend.run.unchanged": Words("{time}: unchanged", "{time}：无变化"),
    "trend.run.stopped": Words("{time}: stopped", "{time}：已中止"),
    "trend.same": Words("the same in all these runs", "各次运行均相同"),
    "trend.range": Words("{low} to {high}", "{low} 至 {high}"),
}

_CONTENTS = {
    "sources.nav": Words("Systems", "系统"),
    "deliveries.nav": Words("Came in", "接入"),
    "rejections.nav": Words("Rejected", "拒收"),
    "disagreements.nav": Words("Disagree", "冲突"),
    "matching.nav": Words("Matching", "匹配"),
    "fills.nav": Words("Completeness", "完整率"),
    "checks.nav": Words("Checks", "检查"),
    "steps.nav": Words("Time", "用时"),
    "trend.nav": Words("Trend", "趋势"),
}

_COLUMNS = {
    "col.system": Words("System", "系统"),
    "col.records": Words("Records", "记录"),
    "col.customers": Words("Customers", "客户"),
    "col.only_here": Words("Only here", "仅此系统"),
    "col.held_back": Words("Held back", "未入库"),
    "col.extract": Words("Extract", "抽取"),
    "col.deliveries": Words("Deliveries", "交付次数"),
    "col.date": Words("Business date", "业务日期"),
    "col.delivered": Words("Delivered", "交付行数"),
    "col.loaded": Words("Loaded", "载入"),
    "col.unchanged": Words("Unchanged", "未变"),
    "col.quarantined": Words("Quarantined", "隔离"),
    "col.duplicates": Words("Duplicates", "重复"),
    "col.erased": Words("Erased", "已擦除"),
    "col.nulled": Words("Cells removed", "清空单元格"),
    "col.flagged": Words("Warnings", "警告"),
    "col.outcome": Words("Outcome of the rows", "各行去向"),
    "col.column": Words("Column", "列"),
    "col.between": Words("Between", "冲突双方"),
    "col.of_known": Words("Of those both know", "占双方均有值者"),
    "col.survived": Words("Whose value survived", "采用哪一方"),
    "col.standardised": Words("Standardised", "标准化后"),
    "col.as_delivered": Words("As delivered", "交付时"),
    "col.golden": Words("Golden record", "黄金记录"),
    "col.rule": Words("Rule", "规则"),
    "col.table": Words("Table", "表"),
    "col.severity": Words("Severity", "严重程度"),
    "col.result": Words("Result", "结果"),
    "col.broken": Words("Broken by", "违反"),
    "col.step": Words("Step", "步骤"),
    "col.timeline": Words("When in the run", "运行时段"),
    "col.seconds": Words("Time", "用时"),
    "col.memory": Words("Peak memory", "内存峰值"),
    "col.filled": Words("Filled", "填充"),
}

WORDS: dict[str, Words] = {**_PAGE, **_HERO, **_SECTIONS, **_CONTENTS, **_COLUMNS}
