"""Words of the section on the linkage model: its versions, what they change, linking beside the last runs.

Belongs here: what is said of models and guards. Does not belong here: comparisons and their levels (`evidence`), claims
of guards, which bring their own texts.
"""

from __future__ import annotations

import re

from crm_pipeline.report.words.both import Words

# What a model card says of why a version was trained, to the key of its words; groups are their values.
REASONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), key)
    for pattern, key in (
        ("there was none", "reason.first"),
        ("there was none for (?P<population>people|organisations)", "reason.population"),
        ("retraining was asked for", "reason.asked"),
        ("records are prepared and compared in another way", "reason.package"),
        (
            "usable columns of (?P<population>people|organisations) changed: gained (?P<gained>.+), lost (?P<lost>.+)",
            "reason.columns",
        ),
        ("keys became too frequent: (?P<keys>.+)", "reason.frequent"),
    )
)

MODEL: dict[str, Words] = {
    "model": Words("The linkage model", "匹配模型"),
    "model.nav": Words("Model", "模型"),
    "model.lead": Words(
        "Which version weighs pairs of records, why it was trained, what it changed, and whether linking is as usual.",
        "当前由哪个版本评估记录对、为何训练、带来哪些变化，以及本次匹配是否与以往一致。",
    ),
    "model.none": Words(
        "There is no model: no population has a column to compare on.", "尚无模型：没有可供比较的列。"
    ),
    "model.used": Words("Version {number} is in use", "正在使用版本 {number}"),
    "model.trained": Words("Trained on {day}: {reason}.", "训练于 {day}：{reason}。"),
    "model.learnt": Words(
        "{population}: learnt from {records} records, {columns} columns take part",
        "{population}：依据 {records} 条记录习得，{columns} 列参与比较",
    ),
    "reason.first": Words("there was no model", "此前没有模型"),
    "reason.population": Words("there was none for {population}", "此前没有针对{population}的模型"),
    "reason.asked": Words("the monthly job, or a person, asked for it", "每月任务或人工要求重新训练"),
    "reason.package": Words(
        "this package prepares or compares records in another way", "程序整理或比较记录的方式有变"
    ),
    "reason.columns": Words(
        "usable columns changed for {population}; gained: {gained}; lost: {lost}",
        "{population}可用的列有变；新增：{gained}；减少：{lost}",
    ),
    "reason.nothing": Words("none", "无"),
    "reason.frequent": Words(
        "values came to be shared by too many records, by rule: {keys}", "共用同一取值的记录过多（按规则）：{keys}"
    ),
    "pending.waiting": Words("A retrained model waits for a person", "一个重新训练的模型待人工确认"),
    "pending.waiting.text": Words(
        "It would change {share} of the verdicts on the sample, more than the {limit} that a version may change by "
        "itself (<code>linkage.largest_model_change</code>). Version {number} goes on meanwhile. Look at what it "
        "changes below; if it is right, accept it, and the next run takes it:",
        "它会改变样本中 {share} 的判定，超过版本可自行改变的上限 {limit}（<code>linkage.largest_model_change</code>）。"
        "在此期间继续使用版本 {number}。请查看下方的变化；若属正常，请接受，下次运行即采用：",
    ),
    "pending.accepted": Words("A retrained model takes over with the next run", "重新训练的模型将在下次运行时启用"),
    "pending.accepted.text": Words(
        "It would change {share} of the verdicts on the sample, and a person accepted it.",
        "它会改变样本中 {share} 的判定，已由人工接受。",
    ),
    "pending.refused": Words("A retrained model was refused", "一个重新训练的模型被拒绝"),
    "pending.refused.text": Words(
        "It learnt what can't be true: an agreement that speaks against one customer, or a difference that speaks for "
        "it. Version {number} goes on. Look at the values of these columns: two systems that write one in two forms "
        "make this. The next monthly job tries again.",
        "它习得了不可能成立的结果：一致反而不利于“同一客户”，或不同反而有利。继续使用版本 {number}。"
        "请检查以下列的取值：两个系统对同一列写法不同时会出现这种情况。下次每月任务将再次尝试。",
    ),
    "versions": Words("Versions", "版本"),
    "versions.lead": Words(
        "Verdicts changed on the fixed sample: pairs that either version links or lets wait.",
        "固定样本中被改变的判定：只计两个版本之一会关联或待复核的记录对。",
    ),
    "versions.more": Words("{n} older ones are not shown.", "另有 {n} 个更早的版本未显示。"),
    "versions.more.one": Words("1 older one is not shown.", "另有 1 个更早的版本未显示。"),
    "col.version": Words("Version", "版本"),
    "col.trained": Words("Trained", "训练日期"),
    "col.why": Words("Why", "原因"),
    "col.changed": Words("Verdicts changed", "改变的判定"),
    "standing.in_use": Words("in use", "使用中"),
    "standing.earlier": Words("earlier", "以往版本"),
    "standing.waiting": Words("waits", "待确认"),
    "standing.accepted": Words("accepted", "已接受"),
    "standing.refused": Words("refused", "已拒绝"),
    "change.waiting": Words("What the model that waits would change", "待确认的模型会带来的变化"),
    "change.accepted": Words("What the accepted model changes", "已接受的模型带来的变化"),
    "change.refused": Words("What the refused model would have changed", "被拒绝的模型本会带来的变化"),
    "change.in_use": Words("What version {number} changed", "版本 {number} 带来的变化"),
    "change.lead": Words(
        "The version before and this one say their verdict on the same fixed sample of pairs. Off the diagonal they "
        "differ.",
        "前一版本与此版本对同一固定样本的判定。对角线之外即为不同。",
    ),
    "change.none": Words(
        "There is nothing to compare: it is the first version, or the one before compared records in another way.",
        "没有可比较的对象：这是首个版本，或前一版本比较记录的方式不同。",
    ),
    "change.of": Words(
        "{changed} of {kept} verdicts changed, {share}.", "{kept} 个判定中改变了 {changed} 个，占 {share}。"
    ),
    "change.typical": Words(
        "Half of all weights moved by {low} to {high} bits.", "半数记录对的权重变动在 {low} 至 {high} 比特之间。"
    ),
    "change.old": Words("before", "此前"),
    "change.new": Words("now", "现在"),
    "change.tip": Words("{old} before, {new} now: {n} pairs", "此前{old}，现在{new}：{n} 对"),
    "change.tip.one": Words("{old} before, {new} now: 1 pair", "此前{old}，现在{new}：1 对"),
    "verdict.none": Words("neither", "均否"),
    "shift": Words("Weights, old and new", "新旧权重对比"),
    "shift.lead": Words(
        "Bits that each outcome of a comparison adds against strangers: hollow the version before, filled the new "
        "one. A long line is a comparison that the new version sees otherwise.",
        "每种比较结果相对于陌生人所增加的比特数：空心为前一版本，实心为新版本。线越长，新版本的看法变化越大。",
    ),
    "shift.before": Words("the version before", "前一版本"),
    "shift.after": Words("the new version", "新版本"),
    "shift.tip": Words("{old} before, {new} now", "此前 {old}，现在 {new}"),
    "shift.added": Words("{new}, new in this version", "{new}，此版本新增"),
    "shift.gone": Words("{old}, gone in this version", "{old}，此版本已取消"),
    "usual": Words("Linking beside the last runs", "与以往运行的对比"),
    "usual.lead": Words(
        "Each figure of this run (large dot) beside those of the last published runs with the same extracts and "
        "thresholds (small dots). Outside its band a run is not published.",
        "本次运行的各项数字（大点）与此前抽取、阈值均相同的已发布运行（小点）的对比。超出区间则不发布。",
    ),
    "usual.none": Words("This run did not come to link records.", "本次运行未执行到匹配。"),
    "usual.unjudged": Words(
        "Nothing is judged yet: there are fewer than three published runs with the same extracts and thresholds.",
        "尚未判定：抽取与阈值相同的已发布运行不足三次。",
    ),
    "usual.accept": Words(
        "What stopped this run is either corrected at its source, or right from now on. Then accept it, and run again:",
        "中止本次运行的原因，要么从源头纠正，要么今后即属正常。若属后者，请接受后重新运行：",
    ),
    "usual.tip": Words("{found}; usual {median}", "{found}；通常为 {median}"),
    "usual.chart": Words("Beside the last runs", "与以往对比"),
    "usual.now": Words("This run", "本次"),
    "usual.median": Words("Usual", "通常"),
    "usual.band": Words("Band", "区间"),
    "usual.at_most": Words("at most {high}", "不超过 {high}"),
    "usual.fine": Words("as usual", "正常"),
    "usual.broken": Words("stopped it", "已中止"),
    "usual.open": Words("not judged", "未判定"),
    "figure.match_rate": Words("Records that share their customer", "与其他记录同属一位客户的记录"),
    "figure.match_rate.people": Words("… of people", "……个人"),
    "figure.match_rate.organisations": Words("… of organisations", "……机构"),
    "figure.customers_per_record": Words("Customers per record", "每条记录对应的客户数"),
    "figure.edges_per_record": Words("Links per record", "每条记录的关联数"),
    "figure.largest_cluster": Words("Records of the largest customer", "最大客户的记录数"),
    "figure.stability_index": Words("Stability index of the weights", "权重的稳定性指数"),
}  # fmt: skip
