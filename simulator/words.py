"""The invented city's vocabulary: syllables of brands, trades with their GB/T 4754-2017 class, places of origin."""

from __future__ import annotations

from typing import NamedTuple


class Trade(NamedTuple):
    """One line of business: product words, the company's trade word, class of GB/T 4754-2017, unit of capacity."""

    product: str
    word: str
    code: str
    unit: str


# Rare syllables: a combination is very unlikely to be anybody's brand.
FIRST = "朔湛岑翊昶霁珩骁弈峤筠翀澍棠樾溯嵘缙瑀翙郯皋邠邺羿颢琮珂钰铖暄煦晟昀垚洹"
SECOND = "旻珀屹麓翎砺岚桓澜铄璟弋沐曜隽濯峥禹棣朗垣芃蔚钧谌缃祺淙栩韫熠烁翮峋彧滢"
THIRD = "川元启衡林舟石"

TRADES = (
    Trade("轨道交通制动部件", "轨道装备", "3715", "套"),
    Trade("城轨车辆内饰件", "轨道科技", "3720", "套"),
    Trade("高铁设备配件", "轨道装备", "3714", "套"),
    Trade("光伏组件", "新能源", "3825", "MW"),
    Trade("锂离子电池材料", "新材料", "3841", "吨"),
    Trade("特种陶瓷", "陶瓷科技", "3073", "吨"),
    Trade("日用陶瓷", "陶瓷", "3074", "万件"),
    Trade("硬质合金刀具", "硬质材料", "3240", "吨"),
    Trade("钢结构构件", "重工", "3311", "吨"),
    Trade("碳纤维复合材料", "新材料", "3062", "吨"),
    Trade("航空零部件", "航空科技", "3744", "套"),
    Trade("显示器件模组", "光电", "3974", "万件"),
    Trade("智能传感器", "智能科技", "3983", "万件"),
    Trade("工业机器人", "智能装备", "3491", "台"),
    Trade("生物医药制剂", "生物医药", "2720", "万件"),
    Trade("预制食品", "食品", "1432", "吨"),
    Trade("环保装备", "环保科技", "3591", "台"),
    Trade("服装服饰", "服饰", "1819", "万件"),
    Trade("电力电子器件", "电子", "3824", "万件"),
    Trade("冷链物流", "供应链", "5930", "吨"),
)
FORMS = ("生产基地", "产业园", "智造基地", "生产线", "制造中心", "研发制造基地")

PUBLIC_WORKS = (
    Trade("中学", "教育", "8334", ""),
    Trade("小学", "教育", "8321", ""),
    Trade("社区卫生服务中心", "卫生", "8421", ""),
    Trade("人民医院门诊楼", "卫生", "8411", ""),
    Trade("公共停车场", "交通", "5449", ""),
)
ROADS = Trade("道路", "市政", "4813", "")

ORIGINS = ("湖南", "广东", "浙江", "江苏", "上海", "深圳", "福建", "湖北")
FAIRS = ("招商恳谈会", "产业链对接会", "驻点招商", "以商招商", "校友回归", "")
STREETS = "朔湛岑翊昶霁珩骁弈峤筠翀澍棠樾溯嵘缙"
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜"
# one wrong sign for another, as typed by ear or by eye
SLIPS = {
    "基": "机",
    "制": "置",
    "件": "间",
    "料": "科",
    "智": "制",
    "陶": "淘",
    "园": "圆",
    "碳": "炭",
    "轨": "诡",
    "备": "务",
}
NUMERALS = "零一二三四五六七八九"
