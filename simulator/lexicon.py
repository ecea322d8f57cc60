"""The rich vocabulary of the hard city: kinds of projects, a thousand products, thousands of brands, hundreds of places."""

from __future__ import annotations

import random
from functools import cache
from typing import NamedTuple

from simulator.dice import dice
from simulator.model import Path
from simulator.words import Trade

# Syllables of brands, places and streets; none of the three strings repeats a sign.
FIRST = (
    "朔湛岑翊昶霁珩骁弈峤筠翀澍棠樾溯嵘缙瑀翙郯皋邠邺羿颢琮珂钰铖暄煦晟昀垚洹璟瀚泓珺祎钊岱旭澎崇嘉霖霆骏骐骥"
    "卓睿哲彦弘毅翰墨墀璇玑琛瑾瑜璞珞琦琪璋瑞祥祺禄福寿喜宸宇宙寰穹旻昊曦晖晔晗昱晏晁景曜朗润涵泽浩渊淳清湘"
)
SECOND = (
    "旻珀屹麓翎砺岚桓澜铄璟弋沐曜隽濯峥禹棣朗垣芃蔚钧谌缃祺淙栩韫熠烁翮峋彧滢科达隆昌盛茂恒泰丰裕安康宁和顺祥"
    "信诚义德仁礼智勇毅坚固永久远长源泉流海洋江河湖波涛浪潮汐山岳峰岭岩石磊金银铜铁钢锐锋利捷迅驰腾飞翔翼鹏"
)
THIRD = "川元启衡林舟石木森森田禾穗谷粟麦稷稻"
_TOWN = (
    "白鹿石枫青莲龙凤仙梅竹松杉樟槐柳桃李杏橘茶桑云雷雨霞霜露星月日光明朝暮春秋冬夏古新上下前后左右南北东西"
)
_TOWN_END = "塘冲坳坪湾洲渡桥铺亭岭市港江溪井堰坝垅窑"
_STREET = "泰衡嵩华黄庐珠韶湘沩浏渌攸洣炎神农炎帝天台栗雨长江株百家红旗建设车站新华沿奔龙响石合时代铜霞响"


class Goods(NamedTuple):
    """A line of business: the company's trade word, class of GB/T 4754-2017, unit, and what products are put together of."""

    word: str
    code: str
    unit: str
    heads: tuple[str, ...]
    nouns: tuple[str, ...]


class Kind(NamedTuple):
    """A kind of project: its weight, how it comes by ground, shares of families with phases, zones and sister products."""

    name: str
    weight: float
    path: Path
    phased: float
    zoned: float
    sisters: float
    forms: tuple[str, ...]
    goods: tuple[Goods, ...]

    @property
    def public(self) -> bool:
        """Whether public hands build it."""
        return self.path is Path.ALLOCATED


def _goods(word: str, code: str, unit: str, heads: str, nouns: str) -> Goods:
    return Goods(word, code, unit, tuple(heads.split()), tuple(nouns.split()))


_INDUSTRY = (
    _goods(
        "轨道装备",
        "3715",
        "套",
        "机车 动车组 重载 磁浮 城际 有轨电车",
        "制动部件 转向架构架 牵引变流器 车钩缓冲装置",
    ),
    _goods(
        "轨道科技", "3720", "套", "城轨 地铁 轻量化 智能 低地板 复合", "车辆内饰件 车门系统 空调机组 座椅总成"
    ),
    _goods(
        "新能源", "3825", "MW", "高效 异质结 钙钛矿 双面 柔性 建筑一体化", "光伏组件 电池片 光伏支架 逆变器"
    ),
    _goods("锂能", "3841", "吨", "磷酸铁锂 三元 固态 钠离子 高镍 硅碳", "正极材料 负极材料 电解液 隔膜"),
    _goods(
        "储能科技",
        "3841",
        "MWh",
        "液冷 集装箱式 户用 工商业 分布式 全钒",
        "储能系统 电池模组 电池包 储能变流器",
    ),
    _goods(
        "陶瓷科技", "3073", "吨", "氧化铝 氮化硅 电子 透明 蜂窝 耐磨", "陶瓷基板 陶瓷结构件 陶瓷膜 陶瓷刀具"
    ),
    _goods("瓷业", "3074", "万件", "釉下五彩 骨质 酒店 艺术 炻瓷 镁质", "日用瓷 餐具 茶具 瓷瓶"),
    _goods("硬质材料", "3240", "吨", "超细晶 涂层 整体 精密 数控 可转位", "硬质合金刀具 钻头 棒材 轧辊"),
    _goods("重工", "3311", "吨", "装配式 大跨度 桥梁 海工 模块化 耐候", "钢结构构件 钢箱梁 塔筒 管桁架"),
    _goods("复材", "3062", "吨", "碳纤维 玄武岩 芳纶 热塑性 预浸料 碳碳", "复合材料 制品 板材 型材"),
    _goods("航空科技", "3744", "套", "通用 无人机 涡轴 起落架 钛合金 发动机", "航空零部件 锻件 机匣 结构件"),
    _goods("光电", "3974", "万件", "MiniLED 微型 车载 柔性 全彩 透明", "显示模组 显示屏 背光模组 驱动芯片"),
    _goods("传感科技", "3983", "万件", "压力 惯性 光纤 气体 温湿度 毫米波", "传感器 变送器 检测模块 雷达"),
    _goods("智能装备", "3491", "台", "协作 焊接 喷涂 码垛 移动 并联", "工业机器人 机器人本体 减速器 控制器"),
    _goods("制药", "2720", "万件", "缓释 冻干 无菌 儿童 抗肿瘤 吸入", "制剂 注射剂 口服液 片剂"),
    _goods("食品", "1432", "吨", "预制 速冻 休闲 功能 冷鲜 即食", "湘菜 米粉 肉制品 面点"),
    _goods(
        "环保科技", "3591", "台", "一体化 高浓度 餐厨 危废 膜法 脱硫", "水处理设备 焚烧炉 除尘器 净化装置"
    ),
    _goods("服饰", "1819", "万件", "校园 职业 羽绒 女性 户外 童装", "服装 面料 成衣 箱包"),
    _goods("电子", "3824", "万件", "车规级 碳化硅 氮化镓 高压 厚膜 薄膜", "功率模块 电容器 变频器 整流桥"),
    _goods("电缆", "3831", "公里", "中压 阻燃 特种 光电 矿物 机器人", "电缆 电线 线束 导体"),
    _goods("精密制造", "3525", "套", "压铸 注塑 冲压 多工位 高光 级进", "模具 结构件 外壳 夹具"),
    _goods(
        "汽车部件", "3670", "套", "电驱 热管理 一体化压铸 底盘 智能座舱 空气悬架", "总成 桥壳 壳体 控制臂"
    ),
    _goods("医疗器械", "3584", "万件", "介入 康复 体外诊断 骨科 微创 口腔", "耗材 仪器 试剂盒 植入物"),
    _goods("包装", "2231", "万件", "高阻隔 可降解 瓦楞 食品级 重型 彩印", "纸箱 包装盒 托盘 容器"),
    _goods("建材", "3021", "万件", "预制 透水 轻质 再生 加气 蒸压", "混凝土构件 砌块 墙板 管片"),
    _goods("新材料", "2653", "吨", "生物基 阻燃 高温 医用 导电 聚酰亚胺", "树脂 纤维 薄膜 泡沫"),
    _goods("电力设备", "3811", "台", "永磁 风力 应急 高速 船用 氢燃料", "发电机组 电机 定转子 电控柜"),
    _goods("酒业", "1512", "吨", "酱香 米香 清香 果味 低度 陈年", "白酒 基酒 露酒 黄酒"),
)
_LOGISTICS = (
    _goods("供应链", "5930", "吨", "冷链 农产品 医药 跨境 城市 多式联运", "物流 仓储 配送 集散"),
    _goods("物流", "5930", "吨", "智慧 保税 电商 危化品 快递 钢材", "物流 分拨 仓储 转运"),
)
_ESTATE = (
    _goods("置业", "7010", "", "翡翠 滨江 锦绣 云锦 书香 观澜", "湾 府 苑 城"),
    _goods("地产", "7010", "", "湖畔 学府 时代 天悦 桃源 未来", "里 公馆 家园 花园"),
)
_COMMERCIAL = (
    _goods("商业管理", "5213", "", "万象 星悦 金街 印象 奥体 天街", "商业综合体 购物中心 酒店 家居城"),
    _goods("文旅", "7810", "", "神农 工业 乡村 研学 温泉 非遗", "文旅小镇 康养中心 度假区 主题乐园"),
)
_ENERGY = (
    _goods("电力开发", "4416", "MW", "集中式 农光互补 渔光互补 屋顶 山地 林光互补", "光伏电站 光伏发电 光伏"),
    _goods("能源开发", "4415", "MW", "山地 分散式 低风速 高海拔", "风电场 风力发电 风电"),
    _goods("储能", "4420", "MW", "共享 独立 新型 电化学", "储能电站 储能"),
)
_ROADS = (_goods("市政", "4813", "", "主 次 支 景观 疏港 环", "干路 干道 道路 快速路"),)
_SCHOOLS = (_goods("教育", "8334", "", "第一 第二 实验 附属 外国语 中心", "中学 小学 幼儿园 职业学校"),)
_HEALTH = (
    _goods(
        "卫生", "8411", "", "中医 妇幼 人民 传染病 康复 精神卫生", "医院门诊楼 医院住院楼 医院综合楼 服务中心"
    ),
)
_WATER = (
    _goods("水务", "4620", "", "城北 城南 工业园 乡镇 再生 第二", "污水处理厂 自来水厂 排水管网 提升泵站"),
)

KINDS = (
    Kind(
        "industry",
        50,
        Path.GRANTED,
        0.15,
        0.04,
        0.14,
        (
            "生产基地",
            "产业园",
            "智造基地",
            "生产线",
            "制造中心",
            "研发制造基地",
            "技改扩能",
            "总部基地",
            "加工厂",
        ),
        _INDUSTRY,
    ),
    Kind("logistics", 7, Path.GRANTED, 0.20, 0.06, 0.10, ("园", "中心", "基地", "枢纽"), _LOGISTICS),
    Kind("estate", 9, Path.GRANTED, 0.40, 0.20, 0.10, ("",), _ESTATE),
    Kind("commerce", 5, Path.GRANTED, 0.12, 0.10, 0.10, ("",), _COMMERCIAL),
    Kind("energy", 5, Path.ENERGY, 0.25, 0.0, 0.10, ("",), _ENERGY),
    Kind("road", 10, Path.ALLOCATED, 0.30, 0.0, 0.0, ("",), _ROADS),
    Kind("school", 6, Path.ALLOCATED, 0.08, 0.0, 0.0, ("",), _SCHOOLS),
    Kind("health", 4, Path.ALLOCATED, 0.10, 0.0, 0.0, ("",), _HEALTH),
    Kind("water", 4, Path.ALLOCATED, 0.20, 0.0, 0.0, ("",), _WATER),
)
"""All kinds; shares are of families. Over the private ones 10 % and more have a sister product."""

PARENTAL = frozenset({"industry"})
"""Kinds 45 % of whose projects a project company of a parent owns."""


def brand(rng: random.Random) -> str:
    """Two syllables, in 28 % of cases three: 10,000 brands of two, more than 150,000 of three."""
    made = rng.choice(FIRST) + rng.choice(SECOND)
    return made + rng.choice(THIRD) if rng.random() < 0.28 else made


def product(rng: random.Random, goods: Goods) -> Trade:
    """One of the line's products."""
    return Trade(rng.choice(goods.heads) + rng.choice(goods.nouns), goods.word, goods.code, goods.unit)


class Places(NamedTuple):
    """A district's towns, streets and parks."""

    towns: tuple[str, ...]
    streets: tuple[str, ...]
    parks: tuple[str, ...]


@cache
def places(adcode: str, known_parks: tuple[str, ...]) -> Places:
    """The places of a district: 24 towns, 40 streets, 12 parks beside the known ones; the same for every seed."""
    rng = dice(0, adcode, "places")
    towns = {
        rng.choice(_TOWN) + rng.choice(_TOWN_END) + rng.choice(("镇", "街道", "乡", "镇")) for _ in range(24)
    }
    streets = {
        rng.choice(_STREET) + rng.choice(_TOWN + _TOWN_END) + rng.choice(("路", "大道", "街", "路"))
        for _ in range(40)
    }
    ends = ("产业园", "科技园", "工业园", "智谷", "创新港", "双创基地", "小微园", "物流园")
    parks = {rng.choice(_TOWN) + rng.choice(_TOWN_END) + rng.choice(ends) for _ in range(12)}
    return Places(tuple(sorted(towns)), tuple(sorted(streets)), (*known_parks, *sorted(parks)))
