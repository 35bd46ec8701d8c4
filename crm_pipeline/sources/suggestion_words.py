"""What systems call the standard columns: a table of names to read aloud.

Belongs here: names, as `column_names.plain` leaves them: simplified Chinese, English without separators and with its
abbreviations written out, pinyin. Does not belong here: how near a delivered name is to one of them (`suggestions`).
"""

from __future__ import annotations

from collections.abc import Mapping

_STATUS = "status state flag lifecycle active 状态 当前状态 zhuangtai"
_OWNER = (
    "owner ownername accountmanager salesrep representative manager assignee assignedto agent handler operator "
    "employee "
    "staff 负责人 客户经理 经办人 跟进人 归属人 所属销售 业务员 销售 销售人员 客服 客服人员 处理人 坐席 操作员 "
    "fuzeren"
)
_CHANNEL = "channel medium origin via 渠道 来源渠道 受理渠道 沟通渠道 联系方式 qudao"
_CATEGORY = "category class group categoryname producttype type 分类 类别 类目 品类 类型 种类 fenlei leibie leixing"
_CURRENCY = "currency currencycode 币种 币别 货币 货币代码 bizhong"
_SUBJECT = "subject title summary topic headline 主题 标题 概要 摘要 zhuti biaoti"
_CUSTOMER = (
    "customerid customernumber customercode customerkey customer accountid accountnumber userid usercode uid "
    "memberid "
    "membernumber buyerid contactid partnernumber partnerid debtor 客户编号 客户id 客户号 客户编码 客户代码 用户id "
    "用户编号 会员号 会员编号 会员id 买家id 客户 kehubianhao kehuid huiyuanhao"
)
_PRODUCT = (
    "productcode productid productnumber productkey product sku skucode skuid itemcode itemnumber material "
    "materialnumber article articlenumber goodscode goodsid 产品编码 产品编号 产品代码 商品编码 商品编号 商品代码 "
    "商品id "
    "物料 物料号 物料编码 货号 款号 产品 商品 chanpinbianhao shangpinbianhao"
)
_CAMPAIGN = (
    "campaigncode campaignid campaignnumber campaign promotioncode activitycode activityid 活动代码 活动编号 活动id "
    "活动编码 营销活动 活动 huodongbianhao"
)
_AMOUNT = "amount totalamount total totalprice netvalue grossvalue value sum sales revenue paidamount paymentamount "
_ORDER_NUMBER = (
    "ordernumber orderid ordercode order orderkey salesordernumber invoicenumber invoiceid invoice billnumber "
    "documentnumber 订单号 订单编号 订单id 订单 单号 发票号 发票号码 单据号 单据编号 销售单号 dingdanhao "
    "dingdanbianhao"
)

_CUSTOMERS: Mapping[str, str] = {
    "kind": "kind customertype accounttype partnertype clienttype usertype type category entitytype legalentity "
    "客户类型 客户性质 客户类别 类型 类别 性质 用户类型 会员类型 主体类型 个人企业 kehuleixing leixing",
    "name": "name fullname customername clientname accountname displayname realname legalname companyname name1 "
    "title "
    "membername username contactname 姓名 客户名称 客户姓名 客户名 名称 名字 真实姓名 公司名称 企业名称 单位名称 "
    "客户全称 "
    "全称 会员姓名 用户姓名 姓名单位 xingming mingcheng kehumingcheng kehuxingming xm khmc mingzi",
    "family_name": "familyname lastname surname name2nd 姓 姓氏 xing xingshi",
    "given_name": "givenname firstname forename christianname 名 xingmingming ming",
    "organisation": "organisation organization company employer workplace companyname works 工作单位 所在公司 "
    "所属公司 "
    "所属单位 单位 公司 gongzuodanwei danwei gongsi",
    "phones": "phone phones phonenumber telephone telephonenumber mobile mobilenumber mobilephone mobilephonenumber "
    "cell cellphone cellphonenumber landline homephone workphone officephone fax whatsapp contactnumber 手机 手机号 "
    "手机号码 移动电话 电话 电话号码 联系电话 座机 固定电话 固话 办公电话 家庭电话 联系手机 联络电话 联系方式 "
    "备用电话 电话2 "
    "shouji shoujihao shoujihaoma dianhua lianxidianhua sjh lxdh dh sj",
    "emails": "email emails emailaddress mail mailaddress electronicmail 邮箱 电子邮箱 邮件 电子邮件 邮箱地址 "
    "邮件地址 "
    "email地址 youxiang dianziyouxiang yx",
    "external_ids": "externalid externalkey crmnumber crmid erpnumber erpid memberid membernumber membercard "
    "cardnumber "
    "loyaltynumber accountnumber accountcode account key customerkey globalid guid uuid openid unionid shopaccount "
    "登录账号 商城账号 会员卡号 会员号 会员编号 账号 账户 外部编号 外部id erp编号 crm编号 系统编号 客户编码 "
    "huiyuanhao",
    "national_id": "nationalid idcard idcardnumber idnumber identitycard citizenid residentid 身份证 身份证号 "
    "身份证号码 "
    "公民身份号码 证件号 证件号码 shenfenzheng shenfenzhenghao sfzh sfz",
    "organisation_id": "organisationid organizationid uscc creditcode unifiedsocialcreditcode socialcreditcode "
    "businesslicense registrationnumber 统一社会信用代码 社会信用代码 信用代码 营业执照号 组织机构代码 工商注册号 "
    "tongyishehuixinyongdaima xinyongdaima",
    "tax_id": "taxid taxnumber taxcode vat vatnumber vatid tin ein 税号 纳税人识别号 税务登记号 shuihao nashuiren",
    "birth_date": "birthdate birthday dateofbirth birth born 出生日期 生日 出生年月 出生年月日 chushengriqi "
    "shengri csrq",
    "gender": "gender sex salutation 性别 称谓 xingbie xb",
    "country": "country countrycode countryname nation land countryiso 国家 国别 国家地区 所在国家 guojia",
    "province": "province state region county stateprovince bundesland 省 省份 省市 所在省 所在省份 州 省级 地区 "
    "shengfen sheng",
    "city": "city town municipality locality place cityname 市 城市 所在城市 地市 所在市 chengshi shi",
    "district": "district suburb borough area 区 区县 县区 区域 所在区 行政区 quxian qu",
    "street": "street streetaddress addressline address1 addressline1 road streetname 街道 街道地址 路名 门牌号 "
    "详细地址 "
    "xiangxidizhi jiedao",
    "postcode": "postcode postalcode zip zipcode postal 邮编 邮政编码 youbian youzhengbianma yb",
    "address": "address fulladdress postaladdress mailingaddress location deliveryaddress 地址 联系地址 通讯地址 "
    "完整地址 住址 家庭住址 家庭地址 公司地址 注册地址 收货地址 dizhi lianxidizhi dz",
    "industry": "industry branch sector lineofbusiness trade businesstype industrytype 行业 所属行业 行业类别 "
    "行业分类 "
    "hangye",
    "website": "website web url homepage site webaddress domain 网址 网站 官网 主页 公司网站 wangzhi wangzhan",
    "status": f"{_STATUS} customerstatus 客户状态 账户状态 会员状态",
    "owner": _OWNER,
    "consent": "consent optin optout marketingconsent newsletter subscribed gdpr privacy donotcontact 营销同意 "
    "是否同意 授权 订阅 是否订阅 同意联系 允许营销",
    "created_at": "created createdat createdon createdate creationdate createtime datecreated registeredat "
    "registrationdate registerdate registertime signupdate joindate since firstseen entrydate 创建时间 创建日期 "
    "建档时间 "
    "建档日期 注册时间 注册日期 录入时间 录入日期 开户日期 入会时间 首次来电 首次联系 登记日期 chuangjianshijian "
    "zhuceshijian",
    "updated_at": "updated updatedat updatedon updatedate updatetime modified modifiedat modifiedon modifieddate "
    "modifytime lastmodified lastmodifieddate lastupdate lastupdated lastchange changed changedat changedon "
    "changedate "
    "更新时间 更新日期 修改时间 修改日期 最后更新 最后修改时间 最近更新 变更时间 gengxinshijian xiugaishijian",
}

_OF_CUSTOMER: Mapping[str, str] = {
    "customer": _CUSTOMER,
    "customer_external_ids": "externalid customerexternalid crmnumber erpnumber membercard membercardnumber "
    "loyaltynumber 会员卡号 外部编号 登录账号",
}

WORDS: Mapping[str, Mapping[str, str]] = {
    "customers": _CUSTOMERS,
    "contacts": {
        **_CUSTOMERS,
        "customer": f"companyid organisationid organizationid parentid {_CUSTOMER} 公司编号 企业编号 所属客户",
    },
    "orders": {
        **_OF_CUSTOMER,
        "order_number": _ORDER_NUMBER,
        "line_number": "linenumber line lineid item itemline position lineitem rownumber sequencenumber 行号 行项目 "
        "订单行 明细行 序号 项次 hanghao",
        "product_code": _PRODUCT,
        "ordered_on": "orderedat orderedon orderdate ordertime purchasedate saledate salesdate transactiondate "
        "billdate "
        "invoicedate documentdate date paidat 下单时间 下单日期 订单日期 订单时间 购买时间 购买日期 销售日期 "
        "开票日期 "
        "交易时间 日期 xiadanshijian dingdanriqi",
        "shipped_on": "shippedat shippedon shipdate shippingdate shipmentdate deliverydate deliveredon dispatchdate "
        "发货时间 发货日期 出库日期 出货日期 交货日期 fahuoshijian fahuoriqi",
        "due_on": "dueon duedate paymentdue paymentduedate 到期日 到期日期 付款到期日 应付日期 账期 daoqiri",
        "quantity": "quantity pieces units count number itemcount 数量 件数 购买数量 销售数量 shuliang",
        "unit_price": "unitprice price netprice listprice saleprice itemprice priceeach 单价 价格 售价 成交价 "
        "含税单价 "
        "danjia jiage",
        "amount": f"{_AMOUNT} linetotal lineamount extendedprice ordertotal orderamount 金额 总金额 订单金额 总价 "
        "小计 "
        "销售额 合计 实付金额 应付金额 jine zongjine",
        "currency": _CURRENCY,
        "status": f"{_STATUS} orderstatus 订单状态 交易状态",
    },
    "products": {
        "product_code": f"{_PRODUCT} code key id number",
        "name": "name productname title itemname goodsname descriptionshort 产品名称 商品名称 名称 品名 商品 "
        "物料名称 "
        "商品标题 标题 chanpinmingcheng shangpinmingcheng",
        "category": f"{_CATEGORY} productcategory 产品分类 商品分类 产品类别 商品类目",
        "product_line": "productline line series family brand 产品线 系列 产品系列 品牌 chanpinxian",
        "cost": "cost unitcost costprice purchaseprice standardcost 成本 成本价 进价 采购价 单位成本 chengben",
        "currency": _CURRENCY,
        "available_from": "availablefrom startdate validfrom onsalefrom launchdate releasedate introduced from "
        "上架时间 "
        "上架日期 上市日期 生效日期 开始日期 起始日期",
        "available_to": "availableto availableuntil enddate validto onsaleto discontinued discontinuedon until "
        "下架时间 "
        "下架日期 失效日期 结束日期 停售日期",
    },
    "tickets": {
        **_OF_CUSTOMER,
        "ticket_number": "ticketnumber ticketid ticket ticketcode casenumber caseid requestid requestnumber issueid "
        "issuekey incidentnumber 工单号 工单编号 工单id 服务单号 投诉编号 问题编号 gongdanhao",
        "subject": _SUBJECT,
        "description": "description body content message text comment details problem question 描述 内容 问题描述 "
        "详情 "
        "正文 备注 投诉内容 咨询内容 miaoshu neirong",
        "category": f"{_CATEGORY} tickettype issuetype requesttype reason topiccategory 工单类型 问题类型 问题分类 "
        "投诉类型 工单类别",
        "priority": "priority severity urgency importance 优先级 紧急程度 严重程度 重要程度 youxianji",
        "channel": f"{_CHANNEL} source",
        "status": f"{_STATUS} ticketstatus 工单状态 处理状态",
        "opened_at": "openedat opened opendate opentime createdat created createdate createtime submittedat "
        "reportedat "
        "date 创建时间 提交时间 受理时间 来电时间 开单时间 投诉时间 发起时间 chuangjianshijian",
        "closed_at": "closedat closed closedate closetime resolvedat resolved solvedat completedat finishedat "
        "关闭时间 "
        "解决时间 完成时间 结束时间 办结时间 guanbishijian",
        "satisfaction": "satisfaction rating score csat satisfactionscore stars feedback 满意度 评分 评价 满意度评分 "
        "manyidu",
        "owner": _OWNER,
    },
    "campaigns": {
        "campaign_code": f"{_CAMPAIGN} code id number",
        "name": "name campaignname title 活动名称 名称 活动主题 标题 huodongmingcheng",
        "channel": f"{_CHANNEL} 推广渠道 活动渠道 投放渠道",
        "started_on": "startedon startdate start from begindate begin startsat starttime 开始日期 开始时间 起始日期 "
        "活动开始时间 kaishiriqi",
        "ended_on": "endedon enddate end to until finishdate endsat endtime 结束日期 结束时间 截止日期 活动结束时间 "
        "jieshuriqi",
        "cost": "cost budget spend spent expense amount totalcost actualcost 费用 预算 花费 成本 支出 投入 活动费用 "
        "feiyong yusuan",
        "currency": _CURRENCY,
        "status": f"{_STATUS} campaignstatus 活动状态",
    },
    "interactions": {
        **_OF_CUSTOMER,
        "campaign_code": _CAMPAIGN,
        "kind": "kind type interactiontype activitytype eventtype event action contacttype 类型 互动类型 活动类型 "
        "跟进方式 行为 事件 事件类型 leixing",
        "channel": _CHANNEL,
        "direction": "direction inout inboundoutbound inbound calltype 方向 呼叫方向 呼入呼出 fangxiang",
        "occurred_at": "occurredat occurred time date datetime timestamp eventtime eventdate contactdate contacttime "
        "calltime activitydate startedat 时间 日期 发生时间 互动时间 跟进时间 联系时间 拜访时间 通话时间 shijian",
        "outcome": "outcome result response disposition conclusion 结果 跟进结果 沟通结果 联系结果 拜访结果 jieguo",
        "subject": f"{_SUBJECT} content note notes 内容 跟进内容 沟通内容",
        "owner": _OWNER,
    },
    "opportunities": {
        **_OF_CUSTOMER,
        "opportunity_number": "opportunitynumber opportunityid opportunitycode dealid dealnumber 商机编号 商机id "
        "机会编号",
        "name": "name opportunityname opportunity dealname deal title 商机名称 商机 机会名称 项目名称 名称",
        "stage": "stage stagename phase salesstage pipelinestage step 阶段 销售阶段 商机阶段 进展 jieduan",
        "amount": f"{_AMOUNT} dealvalue expectedrevenue dealamount 金额 预计金额 商机金额 预计销售额 签约金额",
        "currency": _CURRENCY,
        "probability": "probability chance likelihood winrate confidence 概率 赢率 赢单率 成交概率 成功率",
        "expected_close_on": "expectedcloseon expectedclosedate closedate expectedclose forecastdate 预计成交日期 "
        "预计结束日期 预计签单日期 预计成交时间",
        "opened_at": "openedat opened createdat created createdate opendate createtime 创建时间 创建日期 立项时间",
        "closed_at": "closedat closed actualclosedate wonat lostat closetime 关闭时间 成交时间 成交日期 赢单时间 "
        "结束时间",
        "owner": _OWNER,
        "status": f"{_STATUS} iswon 商机状态",
    },
    "payments": {
        **_OF_CUSTOMER,
        "order_number": "ordernumber orderid order orderreference 订单号 订单编号 订单id dingdanhao",
        "invoice_number": "invoicenumber invoiceid invoice billnumber 发票号 发票号码 账单号 发票编号",
        "payment_number": "paymentnumber paymentid transactionid transactionnumber 支付单号 交易号 流水号 付款单号",
        "amount": f"{_AMOUNT} paid received 金额 付款金额 支付金额 实付金额 收款金额 回款金额 jine",
        "currency": _CURRENCY,
        "paid_at": "paidat paidon paymentdate paymenttime paid date receivedon valuedate transactiondate 支付时间 "
        "付款时间 付款日期 收款日期 回款日期 到账时间 交易时间 zhifushijian",
        "method": "method paymentmethod paymenttype paytype payby channel 支付方式 付款方式 收款方式 支付渠道 "
        "zhifufangshi",
        "status": f"{_STATUS} paymentstatus 支付状态 付款状态",
    },
}

# The second person in the row of an organisation.
CONTACT_WORDS: Mapping[str, str] = {
    "name": "contact contactname contactperson contactpersonname 联系人 联系人姓名 联系人名称 对接人 lianxiren",
    "phones": "contactphone contactmobile contacttelephone contactphonenumber contactpersonphone 联系人手机 "
    "联系人电话 "
    "联系人手机号 联系人手机号码 联系人联系方式 对接人电话",
    "emails": "contactemail contactmail contactpersonemail 联系人邮箱 联系人email 联系人邮件",
}

# What a file, a sheet or a table of an entity is called.
FILE_WORDS: Mapping[str, str] = {
    "customers": "customer client user member account partner buyer company people person lead 客户 用户 会员 "
    "企业 公司 kehu",
    "contacts": "contact 联系人 lianxiren",
    "orders": "order sales sale invoice billing purchase transaction orderline 订单 销售 发票 开票 dingdan",
    "products": "product item goods material article catalog catalogue sku prd 产品 商品 物料 货品 chanpin shangpin",
    "tickets": "ticket case issue incident request complaint support 工单 投诉 服务单 售后 gongdan",
    "campaigns": "campaign promotion marketing 活动 营销活动 推广 huodong",
    "interactions": "interaction activity event call visit touchpoint followup log 互动 跟进 跟进记录 拜访 通话 hudong",
    "opportunities": "opportunity deal pipeline 商机 机会 shangji",
    "payments": "payment receipt transfer settlement 支付 付款 收款 回款 zhifu",
}
