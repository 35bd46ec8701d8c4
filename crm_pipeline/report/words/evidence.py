"""Words of the evidence for links: comparisons, their levels, the steps of a waterfall, what holds customers together.

Belongs here: what the command `explain` and the report say of weights. Does not belong here: the model itself, whose
English labels of levels are the keys here.
"""

from __future__ import annotations

from crm_pipeline.report.words.both import Words

_COMPARISONS = {
    "family_name": Words("family name", "姓"),
    "given_name": Words("given name", "名"),
    "full_name": Words("full name", "全名"),
    "middle_name": Words("middle name", "中间名"),
    "generation": Words("junior or senior", "世代后缀"),
    "birth_date": Words("birth date", "出生日期"),
    "phones": Words("telephone", "电话"),
    "emails": Words("e-mail", "邮箱"),
    "address": Words("address", "地址"),
    "employer": Words("employer", "工作单位"),
    "gender": Words("gender", "性别"),
    "organisation_name": Words("organisation's name", "机构名称"),
    "region": Words("place in the name", "名称中的地名"),
    "trade": Words("trade", "行业"),
    "branch": Words("branch", "分支机构"),
    "legal_form": Words("legal form", "组织形式"),
    "domains": Words("own domain", "自有域名"),
    "identifiers": Words("identifiers", "标识号"),
}
_LEVELS = {
    "equal": "相同",
    "equal but for signs and blanks": "仅符号或空格不同",
    "equal in Latin letters": "拉丁字母写法相同",
    "equal, in any order and script": "相同（不计顺序与文字）",
    "nearly equal": "几乎相同",
    "similar": "相近",
    "different": "不同",
    "exchanged with the given name": "与名对调",
    "the same sound": "读音相同",
    "short for the other": "一方为另一方的简称",
    "an initial, or the beginning of the other": "为首字母或另一方的开头",
    "the same initial": "首字母相同",
    "one digit wrong, or two exchanged, or day and month": "错一位、两位对调或日月对调",
    "two digits wrong": "错两位",
    "one character wrong, or two exchanged": "错一个字符或两个对调",
    "a mobile in common": "有相同的手机号",
    "another number in common": "有其他相同号码",
    "one in common": "有相同的一项",
    "none in common": "无相同项",
    "the same name at another domain": "用户名相同而域名不同",
    "the same street and number": "街道门牌相同",
    "nearly the same street": "街道几乎相同",
    "nearly the same street, elsewhere": "街道几乎相同但不在一地",
    "the same postcode and city": "邮编与城市相同",
    "the same postcode": "邮编相同",
    "the same city": "城市相同",
    "the same core": "核心字号相同",
    "one begins with the other": "一方以另一方开头",
}

EVIDENCE: dict[str, Words] = {
    **{f"comparison.{name}": words for name, words in _COMPARISONS.items()},
    **{f"level.{label}": Words(label, chinese) for label, chinese in _LEVELS.items()},
    "population.people": Words("People", "个人"),
    "population.organisations": Words("Organisations", "机构"),
    "part.prior": Words("before anything is compared", "比较之前"),
    "part.comparison": Words("{comparison}: {label}", "{comparison}：{label}"),
    "part.rarity": Words("{comparison}: how rare the value is", "{comparison}：取值的稀有程度"),
    "part.namesakes": Words("strangers of one name agree in more", "同名的陌生人更易一致"),
    "part.related.people": Words("they may be of one household", "可能同属一户"),
    "part.related.organisations": Words("they may be of one group", "可能同属一集团"),
    "part.ceiling": Words("too few kinds of evidence agree", "一致的证据种类过少"),
    "part.total": Words("match weight", "匹配权重"),
    "waterfall.title": Words("Why two records match", "两条记录为何匹配"),
    "waterfall.lead": Words(
        "Each step adds bits: one more doubles the odds that both records are one customer, one less halves them.",
        "每一步以比特累加：每增加 1，两条记录属于同一客户的几率翻倍；每减少 1，几率减半。",
    ),
    "waterfall.result": Words(
        "Match weight {weight}, probability {probability}", "匹配权重 {weight}，概率 {probability}"
    ),
    "waterfall.silent": Words(
        "Not compared, since one side has nothing: {comparisons}.", "因一方缺失而未比较：{comparisons}。"
    ),
    "waterfall.step": Words("{bits} bits, {total} in all", "{bits} 比特，累计 {total}"),
    "waterfall.thresholds": Words(
        "Pairs are linked from {match} on and wait for review from {review} on.",
        "权重达到 {match} 即关联，达到 {review} 待复核。",
    ),
    "waterfall.private": Words(
        "This page holds keys of records and no values. Keep it as you keep record keys.",
        "本页仅含记录键，不含取值；请按记录键的要求保管。",
    ),
    "why": Words("Why records are one", "记录为何合并"),
    "why.nav": Words("Why", "依据"),
    "why.lead": Words(
        "What holds customers of several records together, and what each agreement is worth to the model.",
        "多条记录的客户由什么维系，以及每种一致对模型意味着多少。",
    ),
    "why.none": Words("No customer has more than one record.", "没有任何客户拥有多于一条记录。"),
    "held": Words("What holds customers together", "客户由什么维系"),
    "held.lead": Words(
        "Customers of several records by the weakest link that each needs. Where that is a weak one, a wrong merge is "
        "most likely.",
        "按每个多记录客户所依赖的最弱关联统计。最弱关联越弱，误合并的可能越大。",
    ),
    "held.decision": Words("decided by a person", "人工裁定"),
    "held.identifier": Words("shared identifiers alone", "仅凭共享标识符"),
    "held.strong": Words("model, 10 bits and more", "模型，10 比特及以上"),
    "held.medium": Words("model, 7 to 10 bits", "模型，7 至 10 比特"),
    "held.weak": Words("model, below 7 bits", "模型，低于 7 比特"),
    "held.tip": Words("{size} records, {kind}: {n} customers", "{size} 条记录，{kind}：{n} 位客户"),
    "held.tip.one": Words("{size} records, {kind}: 1 customer", "{size} 条记录，{kind}：1 位客户"),
    "worth": Words("What each agreement is worth", "每种一致的权重"),
    "worth.lead": Words(
        "Bits that each outcome of a comparison adds to the odds of one customer, as the model learnt it. Upper bar: "
        "against strangers. Lower, paler bar: against those who belong together, such as a household.",
        "模型习得的每种比较结果为“同一客户”增加的比特数。上方条：相对于陌生人；"
        "下方浅色条：相对于相互关联者（如同一户）。",
    ),
    "worth.tip": Words(
        "{stranger} against strangers, {related} against related", "相对陌生人 {stranger}，相对关联者 {related}"
    ),
    "worth.none": Words("There is no model yet.", "尚无模型。"),
    "worth.strangers": Words("against strangers", "相对于陌生人"),
    "worth.related": Words("against those who belong together", "相对于相互关联者"),
}  # fmt: skip
