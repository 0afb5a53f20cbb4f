"""Whether a reply that holds no answer is a refusal to give one.

This tells two kinds of failure apart and nothing else: no move is ever made because of it. The phrases are those that
decline the task ("I can't help with that"), and not those that decline to cooperate ("I won't trust them again").
"""

from __future__ import annotations

import re

_LOOKED_AT = 2000
"""A refusal is said at the beginning; what comes later in a long text is about something else."""

_TASK = (
    r"(?:help|assist|comply|participate|take part|play(?: (?:this|that|the|in|along)|[.!]|$)|answer|respond|provide|"
    r"engage|continue|do (?:that|this|so)|fulfil|make (?:this|that|such) (?:a )?(?:choice|decision)|be part|support|"
    r"produce|generate|give)"
)

PHRASES: tuple[str, ...] = (
    # English
    rf"\bi(?:'m| am)? (?:can't|cannot|can not|won't|will not|shouldn't|not able to|unable to) {_TASK}",
    rf"\bi (?:(?:must|have to|need to|would like to|respectfully|politely) )*(?:decline|refuse)(?: to {_TASK}|[.,!]|$)",
    r"\bi (?:(?:must|have to|need to|would like to|respectfully|politely) )*(?:decline|refuse) (?:this|that)\b",
    rf"\bi(?:'d| would) (?:rather|prefer) not(?: to)? {_TASK}",
    r"\bi(?:'m| am) (?:really |so |very )?sorry,? (?:but )?(?:i|this|that)\b",
    r"\bas an? (?:ai|artificial intelligence|language model)\b[^.]*\b(?:can't|cannot|won't|not able|unable|not)\b",
    r"\b(?:against|violates?) (?:my|our|the) (?:guidelines|principles|polic(?:y|ies)|programming)\b",
    r"\bi(?:'m| am) not comfortable\b",
    # German
    r"\b(?:tut mir leid|entschuldigung|bedaure)\b.{0,80}\b(?:nicht|kein\w*)\b",
    r"\bich (?:kann|werde|darf|möchte)\b.{0,60}\bnicht (?:helfen|(?:be)?antworten|teilnehmen|mitspielen|mitmachen)\b",
    r"\bich (?:weigere mich|lehne (?:es )?ab)\b",
    # French
    r"\b(?:désolée?|pardon)\b.{0,80}\bne (?:peux|veux|suis)\b",
    r"\bje (?:ne (?:peux|veux) pas|refuse de|préfère ne pas)\b.{0,20}\b(?:aider|répondre|participer|jouer|faire)\b",
    # Spanish and Portuguese
    r"\b(?:lo siento|lamento|desculp\w*|sinto muito)\b.{0,80}\b(?:no|não) (?:puedo|posso|quiero|quero)\b",
    r"\b(?:no|não) (?:puedo|posso|quiero|quero) (?:ayudar|ajudar|responder|participar|jugar|jogar)",
    r"\bme (?:niego|recuso) a\b",
    # Italian
    r"\b(?:mi dispiace|spiacente)\b.{0,80}\bnon (?:posso|voglio)\b",
    r"\bnon (?:posso|voglio) (?:aiutar|rispondere|partecipare|giocare)",
    r"\bmi rifiuto di\b",
    # Dutch, Swedish, Danish, Norwegian
    r"\b(?:het spijt me|sorry)\b.{0,80}\bniet\b",
    r"\bik (?:kan|wil|zal)\b.{0,60}\bniet (?:helpen|meedoen|beantwoorden|meespelen)\b",
    r"\bjeg? kan (?:inte|ikke) (?:hjälpa|hjælpe|hjelpe|svara|svare|delta)\b",
    r"\bjag (?:kan|vill) inte (?:hjälpa|svara|delta|spela)\b",
    # Polish, Czech
    r"\bprzykro mi\b|\bprzepraszam, ale\b|\bnie mogę (?:pomóc|odpowiedzieć|uczestniczyć)\b|\bodmawiam\b",
    r"\b(?:omlouvám se|je mi líto)\b.{0,60}\bnemohu\b",
    # Russian, Ukrainian
    r"\b(?:извините|простите|к сожалению)\b.{0,60}\bне (?:могу|буду)\b",
    r"\bя не (?:могу|буду) (?:помочь|участвовать|отвечать|играть)|\bя отказываюсь\b",
    r"\bвибачте\b.{0,60}\bне (?:можу|буду)\b",
    # Turkish
    r"\büzgünüm\b|\bmaalesef\b.{0,60}\b\w+amam\b|\byardımcı olamam\b|\breddediyorum\b",
    # Greek
    r"\bλυπάμαι\b|\bδεν μπορώ να (?:βοηθήσω|απαντήσω|συμμετάσχω)",
    # Chinese, Japanese, Korean
    r"(?:抱歉|对不起|對不起).{0,30}(?:不能|无法|無法|不会|不會)|我(?:拒绝|拒絕)|我(?:不能|无法|無法)(?:参与|參與|回答|提供|协助|協助)",
    r"(?:申し訳|すみません|ごめんなさい).{0,40}(?:できません|できかねます|お答え)|お断り(?:し|い)|拒否します",
    r"(?:죄송|미안).{0,40}(?:없습니다|않겠|못합니다)|거부합니다|거절합니다",
    # Arabic, Hebrew, Hindi, Indonesian, Vietnamese
    r"(?:آسف|عذرا|عذرًا|أعتذر).{0,60}(?:لا أستطيع|لا يمكنني|لن)|أرفض",
    r"(?:מצטער|סליחה).{0,60}(?:לא יכול|לא אוכל)|אני מסרב",
    r"(?:माफ़|क्षमा|खेद).{0,60}(?:नहीं)|इनकार करत",
    r"\bmaaf\b.{0,60}\btidak (?:bisa|dapat)\b",
    r"\bxin lỗi\b.{0,60}\bkhông thể\b",
)
"""What refusals say, as patterns over text in small letters and straight apostrophes."""

_REFUSAL = re.compile("|".join(f"(?:{phrase})" for phrase in PHRASES), re.DOTALL)
_APOSTROPHES = str.maketrans({"\N{RIGHT SINGLE QUOTATION MARK}": "'", "\N{MODIFIER LETTER APOSTROPHE}": "'"})


def is_refusal(text: str) -> bool:
    """Whether the text declines the task, as far as its beginning tells."""
    return _REFUSAL.search(text[:_LOOKED_AT].translate(_APOSTROPHES).lower()) is not None
