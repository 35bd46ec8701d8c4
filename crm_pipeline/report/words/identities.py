"""Words of the section on ids that last and on customers that belong together.

Belongs here: what is said of ids over runs and of relations. Does not belong here: why records are one (`evidence`).
"""

from __future__ import annotations

from crm_pipeline.report.words.both import Words

IDENTITIES: dict[str, Words] = {
    "identities": Words("Ids and relations", "客户编号与关系"),
    "identities.nav": Words("Ids", "编号"),
    "identities.lead": Words(
        "How far customers keep their ids from run to run, and who belongs together without being one.",
        "客户编号在各次运行之间的稳定程度，以及哪些客户相互关联但并非同一客户。",
    ),
    "stability": Words("How stable ids are", "编号的稳定性"),
    "stability.lead": Words(
        "Of the records that were there before this run and still are. What is not found under its old id was split "
        "off or moved: whoever has noted that id holds another customer.",
        "仅计本次运行前已有且仍存在的记录。按原编号找不到的记录已被拆分或移出：记下该编号的人对应到了另一位客户。",
    ),
    "stability.none": Words("This run did not come to ids.", "本次运行未执行到编号。"),
    "stability.first": Words("No record had an id before this run.", "本次运行前没有记录拥有编号。"),
    "stability.kept": Words("kept their id", "保留原编号"),
    "stability.merged": Words("found under their old id by a merge", "因合并仍可按原编号找到"),
    "stability.lost": Words("not found under their old id", "按原编号已找不到"),
    "stability.tip": Words("{n} records, {share}", "{n} 条记录，{share}"),
    "stability.tip.one": Words("1 record, {share}", "1 条记录，{share}"),
    "event.ids_created": Words("{n} new ids", "新编号 {n} 个"),
    "event.ids_created.one": Words("1 new id", "新编号 1 个"),
    "event.ids_merged": Words("{n} merged", "合并 {n} 个"),
    "event.ids_split": Words("{n} split", "拆分 {n} 个"),
    "event.ids_moved": Words("{n} moved", "移出 {n} 个"),
    "event.ids_retired": Words("{n} retired", "停用 {n} 个"),
    "event.ids_revived": Words("{n} revived", "恢复 {n} 个"),
    "event.ids_erased": Words("{n} erased", "擦除 {n} 个"),
    "trend.kept_share": Words("Records that kept their id", "保留原编号的记录"),
    "trend.resolving_share": Words("Records found under their old id", "按原编号可找到的记录"),
    "trend.ids_merged": Words("Ids merged", "合并的编号"),
    "trend.ids_parted": Words("Ids split, or records moved", "拆分的编号或移出的记录"),
    "relations": Words("Who belongs together", "相互关联的客户"),
    "relations.lead": Words(
        "Pairs of customers, each counted once. They stay two: a relation never merges anybody.",
        "成对的客户，每对只计一次。他们仍是两位客户：关系不会导致合并。",
    ),
    "relations.none": Words("No relation was found.", "未发现任何关系。"),
    "relations.customers": Words("{n} customers", "{n} 位客户"),
    "relations.customers.one": Words("1 customer", "1 位客户"),
    "relation.household": Words("Households", "同一住户"),
    "relation.works_for": Words("Whom a person works for", "任职单位"),
    "relation.contact_of": Words("Contacts of a person", "个人的联系人"),
    "relation.branch_of": Words("Branches and head offices", "分支机构与总部"),
    "relation.member_of": Words("Companies and their groups", "公司与所属集团"),
    "known_by.reference": Words("a record names the other", "记录中注明"),
    "known_by.name": Words("the name tells it", "据名称"),
    "known_by.domain": Words("the domain tells it", "据域名"),
    "known_by.address": Words("the address tells it", "据地址"),
}  # fmt: skip
