public import Assistant
import Foundation

/// Many articles out of few, with the vocabulary of a shop that sells many things: each is one of the set's about another
/// product, with paragraphs of its neighbours and other numbers.
public struct Variation {
    private let set: QuestionSet
    private var random: SplitMix

    public init(of set: QuestionSet, seed: UInt64) {
        self.set = set
        random = SplitMix(state: seed)
    }

    /// Articles with ids from 1.
    public mutating func articles(_ count: Int) -> [KnowledgeArticle] {
        (0..<count).map { number in article(id: Int64(number) + 1) }
    }

    /// One more, about whatever comes next.
    public mutating func article(id: Int64) -> KnowledgeArticle {
        let model = set.articles[Int.random(in: set.articles.indices, using: &random)]
        let isChinese = model.locale == "zh"
        let subject = subject(isChinese)
        let neighbours = set.articles.filter { $0.locale == model.locale }
        var blocks = Self.blocks(of: model)
        for _ in 0..<4 {
            guard let other = neighbours.randomElement(using: &random),
                let foreign = Self.blocks(of: other).randomElement(using: &random)
            else { continue }
            blocks.insert(foreign, at: Int.random(in: 0...blocks.count, using: &random))
        }
        let opening = isChinese ? "以下内容适用于\(subject)。" : "This applies to the \(subject)."
        return KnowledgeArticle(
            id: id, title: isChinese ? "\(subject)：\(model.title)" : "\(subject): \(model.title)",
            content: ([opening] + blocks.map { withOtherNumbers($0) }).joined(separator: "\n\n"),
            locale: model.locale,
            questions: model.questions.map { Bool.random(using: &random) ? "\(subject) \($0)" : $0 })
    }

    private static func blocks(of article: KnowledgeArticle) -> [String] {
        article.content.components(separatedBy: "\n\n")
    }

    private mutating func subject(_ isChinese: Bool) -> String {
        let kinds = isChinese ? Self.chineseKinds : Self.englishKinds
        let places = isChinese ? Self.chineseStyles : Self.englishStyles
        let letter = "ABCDEFGHJKLMNPQRSTVWXZ".randomElement(using: &random) ?? "A"
        let name = [places, kinds].compactMap { $0.randomElement(using: &random) }
        return name.joined(separator: isChinese ? "" : " ") + " \(letter)\(Int.random(in: 2..<400, using: &random))"
    }

    private mutating func withOtherNumbers(_ text: String) -> String {
        String(text.map { $0.isASCII && $0.isNumber ? Character("\(Int.random(in: 1..<10, using: &random))") : $0 })
    }

    private static let chineseStyles = [
        "北欧", "复古", "儿童", "户外", "便携", "智能", "极简", "工业风", "新中式", "壁挂", "落地", "充电", "防眩", "折叠", "静音", "家用", "商用", "旅行",
        "露营", "车载",
        "书房", "卧室", "厨房", "客厅", "庭院", "浴室", "阳台", "宠物", "母婴", "办公",
    ]
    private static let chineseKinds = [
        "台灯", "吊灯", "壁灯", "夜灯", "落地灯", "射灯", "灯带", "加湿器", "除湿机", "电风扇", "暖风机", "扫地机", "吸尘器", "电热毯", "电水壶", "咖啡机", "榨汁机",
        "电饭煲",
        "空气炸锅", "烤箱", "微波炉", "洗碗机", "净水器", "体重秤", "闹钟", "音箱", "门锁", "门铃", "窗帘电机", "插座", "开关", "摄像头", "路由器", "键盘", "鼠标",
        "耳机",
        "充电宝", "数据线", "投影仪", "电视盒", "书桌", "椅子", "床垫", "枕头", "毛毯", "收纳箱", "衣架", "雨伞", "背包", "水杯",
    ]
    private static let englishStyles = [
        "Nordic", "vintage", "outdoor", "portable", "smart", "foldable", "wall-mounted", "rechargeable", "cordless",
        "compact", "industrial", "kitchen", "bedroom", "garden", "bathroom", "balcony", "office", "studio", "travel",
        "camping", "silent", "heavy-duty", "waterproof", "bamboo", "ceramic", "copper", "oak", "linen", "marble",
        "glass",
    ]
    private static let englishKinds = [
        "lamp", "lantern", "pendant", "spotlight", "humidifier", "dehumidifier", "fan", "heater", "vacuum", "kettle",
        "espresso machine", "blender", "rice cooker", "air fryer", "oven", "microwave", "dishwasher", "water filter",
        "scale", "alarm clock", "speaker", "door lock", "doorbell", "curtain motor", "socket", "switch", "camera",
        "router", "keyboard", "mouse", "headset", "power bank", "cable", "projector", "desk", "chair", "mattress",
        "pillow", "blanket", "storage box", "coat rack", "umbrella", "backpack", "bottle", "thermostat", "smoke alarm",
        "leak sensor", "air purifier", "sprinkler", "grill",
    ]
}

/// Random numbers that are the same in every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
