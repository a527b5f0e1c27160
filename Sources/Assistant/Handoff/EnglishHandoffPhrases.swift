/// The committed table of how English-speaking customers ask for a human, and how they say that they do not want one.
///
/// A row is a sequence of words in lower case without apostrophes. `a/b` gives a choice, `{name}` stands for any phrase
/// of that set, `?` after a word or set makes it optional. `{human}` and `{anybody}` may have any words of `{modifier}`
/// before them.
enum EnglishHandoffPhrases {
    static let sets: [String: [String]] = [
        // Words that mean a human who answers customers.
        "human": [
            "human", "humans", "human being", "human agent", "human agents", "human representative", "human support",
            "human operator", "human help", "human assistance", "human assistant", "human person",
            "human customer service",
            "real person", "live person", "actual person", "real people", "real customer service", "agent", "agents",
            "representative", "rep", "operator", "supervisor", "support agent", "support person", "support rep",
            "support representative", "service agent", "service rep", "service representative",
            "customer service agent",
            "customer service rep", "customer service representative", "customer support agent", "customer rep",
            "live support",
            "live chat", "live help", "live agent", "live human", "live operator", "real support", "someone real",
            "somebody real", "someone human", "somebody human", "someone from your team", "somebody from your team",
            "someone from support", "someone in charge", "one of your agents", "one of your colleagues",
        ],
        // Words that mean one only after "talk to".
        "anybody": [
            "person", "people", "someone", "somebody", "anyone", "manager", "advisor", "adviser", "specialist",
            "associate", "staff",
            "staff member", "team member", "employee", "support", "support team", "support staff", "customer service",
            "customer support", "customer care", "tech support", "team", "colleague", "colleagues", "expert",
            "someone else",
        ],
        // A clause of nothing else is a request.
        "bare": [
            "human", "human being", "human agent", "human support", "human help", "human operator",
            "human representative",
            "agent", "representative", "rep", "operator", "person", "support agent", "customer service",
            "customer service agent",
            "customer service rep", "customer service representative", "customer support", "live agent", "live chat",
            "live person", "live support", "live human", "real human", "real person", "real agent", "actual human",
            "actual person", "humans", "agents",
        ],
        "modifier": [
            "a", "an", "the", "some", "any", "real", "live", "actual", "actually", "living", "human", "another",
            "different",
            "your", "one", "of", "breathing", "damn", "bloody", "fucking", "freaking", "proper", "competent",
            "qualified",
            "other", "senior",
        ],
        "speak": ["speak", "talk", "chat", "converse", "speaking", "talking", "chatting", "speek", "tlak"],
        "to": ["to", "with", "2"],
        "transfer": [
            "transfer", "connect", "pass", "hand", "redirect", "forward", "switch", "escalate", "put", "route",
            "direct", "refer",
            "transferring", "connecting", "transfering", "tranfer", "trasfer", "escalating", "link", "patch",
        ],
        "me": [
            "me", "us", "this", "it", "my chat", "my call", "my case", "my issue", "this chat", "this conversation",
            "the chat",
            "the conversation", "my request", "my question", "my ticket", "this issue", "me over", "me through",
            "this over",
        ],
        "direction": [
            "to", "over to", "through to", "with", "on to", "onto", "across to", "thru to", "in touch with", "on with",
            "through with", "off to", "on the line with",
        ],
        "want": [
            "want", "need", "wanna", "require", "demand", "prefer", "wish for", "would like", "id like", "would prefer",
            "id prefer", "would rather have", "id rather have", "asking for", "asked for", "ask for", "requesting",
            "request",
            "looking for", "would love", "gimme", "waiting for", "insist on",
        ],
        "get": [
            "get", "give", "find", "bring", "fetch", "send", "call", "get hold of", "provide", "assign", "getting",
            "get me",
        ],
        "bot": [
            "bot", "bots", "robot", "robots", "chatbot", "chatbots", "chat bot", "machine", "machines", "ai",
            "computer",
            "automated system", "virtual assistant", "ai assistant",
        ],
        "nobot": [
            "dont want", "do not want", "dont like", "do not like", "dont need", "do not need", "hate", "sick of",
            "tired of",
            "stop with", "no more", "enough of", "fed up with", "dont wanna",
        ],
        // May stand around a bare request.
        "filler": [
            "please", "pls", "plz", "now", "asap", "immediately", "quickly", "thanks", "thank", "you", "thx", "ok",
            "okay", "hi",
            "hello", "hey", "yes", "yeah", "just", "already", "then", "instead", "here", "help", "cmon", "come", "on",
            "ffs",
            "the", "a", "an", "so", "well", "fine", "sir", "dear", "urgent", "urgently", "today", "right", "real",
            "live", "me",
            "good", "morning", "afternoon", "evening", "need", "want",
        ],
        // What may follow the name of a human; anything else makes it another thing (agent console, human resources,
        // customer service hours).
        "follower": [
            "please", "pls", "plz", "now", "asap", "immediately", "to", "who", "that", "for", "about", "because",
            "right",
            "instead", "on", "from", "here", "today", "help", "thanks", "thank", "thx", "and", "or", "not", "with",
            "regarding",
            "directly", "if", "as", "so", "rather", "ok", "okay", "i", "my", "you", "in", "at", "this", "cause", "cuz",
            "cos",
            "again", "soon", "quickly", "urgently", "urgent", "first", "else", "over", "before", "since", "when",
            "then", "when",
            "no", "but", "available", "isnt", "is", "unnecessary", "can", "later", "by", "twice", "three", "several",
            "many", "times", "than", "via", "there", "around", "me", "us",
        ],
    ]

    /// Sequences that ask for a human.
    static let requests = [
        "{speak} {to} {human}",
        "{speak} {to} {anybody}",
        "{speak} directly/privately {to} {human}",
        "{transfer} {me} {direction} {human}",
        "{transfer} {me} {direction} {anybody}",
        "{transfer} {direction} {human}",
        "transfer/connect/escalate me/us/this/it",
        "{want} {human}",
        "{get} me/us? {human}",
        "{get} {me} {direction} {human}",
        "{get} in touch/contact with {human}",
        "{get} in touch/contact with {anybody}",
        "get hold of {human}",
        "get a hold of {human}",
        "get through to {human}",
        "get through to {anybody}",
        "contact {human}",
        "contact customer service/support",
        "reach {human}",
        "reach out to {human}",
        "can/could/may i have {human}",
        "can/could i get {human}",
        "have {human} call/contact/help/answer/reply/join/message",
        "is/are there {human} i/we",
        "is/are there {human} available/here/there/around",
        "is there anyone/someone/anybody real/human",
        "is there anyone/someone/anybody/somebody i can/could {speak}",
        "any {human} available/here/there/around",
        "{human} please/pls/plz",
        "{nobot} {modifier}? this? {bot}",
        "{nobot} to? {speak} {to} {modifier}? this? {bot}",
        "no bot/bots/robot/robots/chatbots please",
        "have/let someone/somebody/anyone call/contact/help/answer/reply me/us?",
        "can/could/let/would {human} help/answer/call/look/contact/reply/join/take/assist",
        "is {human} available/here/there/around",
        "get someone/somebody to call/contact/help/answer/reply",
        "hand over to {human}",
        "handover to {human}",
        "human takeover",
        "human instead",
    ]

    /// Rows that end in no human and therefore have to end the clause.
    static let requestsThatEnd: Set<String> = [
        "transfer/connect/escalate me/us/this/it"
    ]

    /// Before a request in the same clause they turn it round. An odd number of them means no.
    static let negations = [
        "dont", "do not", "didnt", "did not", "doesnt", "does not", "not", "never", "no need", "no reason", "no point",
        "no longer", "wont", "will not", "wouldnt", "would not", "shouldnt", "should not", "isnt", "arent", "without",
        "instead of", "rather than", "avoid", "stop", "cancel", "before", "neednt", "need not", "no", "nor", "neither",
        "refuse to", "unnecessary to", "other than", "hate", "rather not", "anything but", "havent", "hasnt",
        "cant stand",
        "dont think i", "do not think i", "dont believe i", "dont feel i", "dont think we", "than",
    ]

    /// Look like a negation and are none: why don't you transfer me, it doesn't work get me an agent.
    static let neutral = [
        "why dont you", "why dont we", "why wont you", "why cant i", "why cant you", "cant i", "cant you", "cant we",
        "couldnt i",
        "couldnt you", "wont you", "wouldnt mind", "would not mind", "dont mind", "do not mind", "dont know",
        "do not know",
        "dont understand", "do not understand", "dont get", "do not get", "dont care", "do not care", "dont think you",
        "do not think you", "dont believe you", "doesnt work", "does not work", "doesnt help", "does not help",
        "didnt help",
        "did not help", "didnt work", "did not work", "not working", "not helping", "not helpful", "not help",
        "not answer",
        "not answering", "not solve", "not solved", "not useful", "not good", "not understand", "not understanding",
        "not satisfied", "not happy", "not sure", "not what i", "not enough", "no use", "no good", "no help",
        "no answer",
        "no luck", "no thanks", "no thank you", "no i", "no please", "no just", "no no", "no way", "no seriously",
        "no idea",
        "no problem", "no transfer", "no connect", "no let", "no give", "no get", "wont help", "wont work",
        "doesnt answer",
        "does not answer", "didnt answer", "did not answer", "dont answer", "havent answered", "hasnt helped",
        "isnt working",
        "isnt helping", "isnt helpful", "arent helping", "arent helpful", "arent listening", "dont listen",
        "cannot wait",
        "cant wait", "cant help", "cannot help", "if not", "why not", "not only", "not just", "not a bot",
        "not a robot",
        "not a machine", "not ai", "not an ai", "not you", "not this bot", "not the bot", "not bots", "before i",
        "rather than a bot",
        "rather than a robot", "instead of a bot", "instead of a robot", "instead of this bot", "instead of the bot",
        "instead of you",
    ]

    /// Between a negation and a request they end the negation's reach.
    static let scopeEnds: Set<String> = ["but", "so", "and", "because", "since", "i", "we", "then"]
    /// Words that a negation reaches over.
    static let scope = 6

    /// A clause of nothing else takes a request back.
    static let retractions = [
        "never mind", "nevermind", "nvm", "forget it", "forget that", "forget about it", "no need", "not necessary",
        "not needed", "actually no", "scratch that", "cancel that", "dont bother", "do not bother", "no longer needed",
        "no need anymore",
    ]

    /// After the request, closing the clause: a human is not necessary.
    static let refusals = [
        "not necessary", "isnt necessary", "is not necessary", "not needed", "isnt needed", "is not needed",
        "unnecessary",
        "is unnecessary", "not required", "isnt required", "is not required", "not now", "not yet", "can wait", "later",
    ]

    /// Make a clause a question about humans, or a story, instead of a request.
    static let about = [
        "when do", "when does", "how does", "do i have to", "do i need", "do we need", "do we have to",
        "will i have to", "will i need",
        "would i have to", "must i", "am i", "are we", "does it", "does chat", "does your", "does the", "does this",
        "do your",
        "can it", "can your bot", "can the bot", "can chat api", "what happens", "what does", "why was i", "why did",
        "was talking", "were talking", "was speaking", "thanks for", "thank you for", "after talking", "after speaking",
        "if i",
        "if we", "when i",
    ]

    /// Before the request and without "i" between: somebody else's request ("can customers talk to a human").
    static let thirdParties: Set<String> = [
        "customers", "customer", "users", "user", "visitors", "visitor", "clients", "client", "people", "they",
        "buyers", "he", "she",
    ]

    /// Yes to the offer of a human, as the whole message.
    static let consents: Set<String> = [
        "yes", "yeah", "yep", "yup", "ya", "sure", "ok", "okay", "k", "please", "yes please", "please do", "do it",
        "go ahead",
        "sounds good", "that would be great", "that would be good", "that would be nice", "of course", "alright",
        "all right",
        "fine", "yes thanks", "yes thank you", "okay thanks", "ok thank you", "okay thank you", "ok thanks",
        "ok please", "okay please", "sure thanks", "yes i would",
        "i would",
        "i do", "yes i do", "yes do it", "yes go ahead", "please yes", "definitely", "absolutely", "great", "good",
        "perfect",
    ]

    /// Yes to the offer of a human, whatever comes behind it ("yes please, my order is late").
    static let eagerConsents = [
        "yes please", "yes do", "please do", "yes go ahead", "go ahead please", "yes connect", "yes transfer",
        "ok connect",
        "ok transfer", "sure connect", "sure transfer", "sure please", "ok please", "please connect", "please transfer",
    ]
}
