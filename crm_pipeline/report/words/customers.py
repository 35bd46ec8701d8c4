"""Words of the sections on who is who: systems, disagreements, matching.

Belongs here: what is said of customers and their records. Does not belong here: what came in (`deliveries`).
"""

from __future__ import annotations

from crm_pipeline.report.words.both import Words

CUSTOMERS: dict[str, Words] = {
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
    "overlap.tip.one": Words(
        "{first} and {second}: 1 customer in both", "{first} 与 {second}：1 位客户同时存在于两个系统"
    ),
    "systems_per_customer": Words("Customers by number of systems", "按所在系统数统计的客户"),
    "in_systems": Words("in {n} systems", "存在于 {n} 个系统"),
    "in_systems.one": Words("in 1 system", "仅存在于 1 个系统"),
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
    "disagreements.more.one": Words(
        "1 more pair with fewer customers is not shown.", "另有 1 组客户数较少的冲突未显示。"
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
        "Pairs linked: {links}; for review: {reviews}; weights from {low} to {high}.",
        "已关联 {links} 对，待复核 {reviews} 对，权重介于 {low} 与 {high} 之间。",
    ),
    "weights.waiting": Words(
        "{n} further pairs wait because identifiers agree while hard evidence disagrees; they have no match weight.",
        "另有 {n} 对待复核：标识符一致，但存在硬性冲突，因而没有匹配权重。",
    ),
    "weights.waiting.one": Words(
        "1 further pair waits because identifiers agree while hard evidence disagrees; it has no match weight.",
        "另有 1 对待复核：标识符一致，但存在硬性冲突，因而没有匹配权重。",
    ),
    "sizes": Words("Customers by number of records", "按记录数统计的客户"),
    "sizes.none": Words("There are no customers yet.", "尚无客户。"),
    "sizes.label": Words("{label} records", "{label} 条记录"),
    "sizes.label.one": Words("1 record", "1 条记录"),
    "attached": Words("What hangs on the customers", "关联到客户的业务数据"),
    "attached.rows": Words("{entity}: {n} with a customer", "{entity}：{n} 条有所属客户"),
    "attached.orphans": Words("{n} orphans", "{n} 条无所属客户"),
    "attached.orphans.one": Words("1 orphan", "1 条无所属客户"),
    "attached.no_orphans": Words("no orphans", "全部有所属客户"),
}
