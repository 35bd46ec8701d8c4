"""Words of the first screen and of what frames the page.

Belongs here: header, result, picture, tiles, footer. Does not belong here: the sections below (the other modules).
"""

from __future__ import annotations

from crm_pipeline.report.words.both import Words

FIRST_SCREEN: dict[str, Words] = {
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
    "hero": Words(
        "<b>{records}</b> records are <b class='key'>{customers}</b> customers",
        "<b>{records}</b>&nbsp;条记录，归并为 <b class='key'>{customers}</b>&nbsp;位客户",
    ),
    "hero.one": Words(
        "<b>{records}</b> records are <b class='key'>1</b> customer",
        "<b>{records}</b>&nbsp;条记录，归并为 <b class='key'>1</b>&nbsp;位客户",
    ),
    "hero.single": Words(
        "<b>1</b> record is <b class='key'>1</b> customer",
        "<b>1</b>&nbsp;条记录，对应 <b class='key'>1</b>&nbsp;位客户",
    ),
    "hero.no_customers": Words(
        "<b>{records}</b> records, and no customers yet", "<b>{records}</b>&nbsp;条记录，尚未归并为客户"
    ),
    "hero.no_customers.one": Words("<b>1</b> record, and no customers yet", "<b>1</b>&nbsp;条记录，尚未归并为客户"),
    "hero.older": Words(
        "<b>{records}</b> records, and not yet the customers they stand for",
        "<b>{records}</b>&nbsp;条记录，尚未得出对应的客户",
    ),
    "hero.older.one": Words(
        "<b>1</b> record, and not yet the customer it stands for", "<b>1</b>&nbsp;条记录，尚未得出对应的客户"
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
        "{source}: living records {records}, customers {customers}",
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
