//! Hand-checkable lyrics, invented for this test, and the language any reader gives them.

use canto_corpus::{LanguageConfig, LanguageJudge};

const ENGLISH: [&str; 8] = [
    "I left my coat at the station\nand the train went on without me\nnow I walk the long way home",
    "Yeah, we been on the block since morning\nain't nobody gonna tell us nothing\nwe count it up, we count it up",
    "Oh, oh, oh\nla la la la la\nhold me now, hold me now\nthe night is almost over, oh, oh, oh",
    "Thou gentle wind upon the hill\nO carry this my song\nto her whose heart is quiet still",
    "Gimme that, gimme that boogie\nshake it, shake it, shake it down\nbaby, baby, baby",
    "Dancing in Rio, mi amor\nunder the lights of the city tonight\nshe whispered te quiero and walked out the door\nand I never saw her again in my life",
    "Wrote a letter to the governor\nhe never wrote me back\nthere's frost on the tomatoes\nand the barn is painted black",
    "Uh, check the mic, one two\nwho's that knocking at the door\nit's the money that you owe me from the year before",
];

const OTHER: [(&str, &str); 8] = [
    ("spa", "Dejé mi abrigo en la estación\ny el tren se fue sin mí\nahora camino despacio a casa"),
    (
        "fra",
        "J'ai laissé mon manteau à la gare\net le train est parti sans moi\nje rentre à pied sous la pluie",
    ),
    (
        "deu",
        "Ich ließ den Mantel am Bahnhof zurück\nund der Zug fuhr ohne mich ab\njetzt geh ich den langen Weg nach Haus",
    ),
    (
        "ita",
        "Ho lasciato il cappotto alla stazione\ne il treno è partito senza di me\nadesso torno a casa piano piano",
    ),
    (
        "por",
        "Deixei meu casaco na estação\ne o trem foi embora sem mim\nagora eu volto pra casa devagar, não tenho pressa",
    ),
    (
        "nld",
        "Ik liet mijn jas op het station\nen de trein vertrok zonder mij\nnu loop ik de lange weg naar huis",
    ),
    ("rus", "Я забыл пальто на вокзале\nи поезд ушёл без меня\nтеперь я иду пешком домой"),
    ("kor", "역에 외투를 두고 왔어\n기차는 나 없이 떠났지\n이제 먼 길을 걸어 집으로 가"),
];

#[test]
fn english_is_accepted() {
    let judge = LanguageJudge::new(&LanguageConfig::default()).unwrap();
    for lyric in ENGLISH {
        let language = judge.judge(lyric);
        assert!(language.accepted, "{language:?}: {lyric}");
    }
}

#[test]
fn other_languages_are_named_and_not_accepted() {
    let judge = LanguageJudge::new(&LanguageConfig::default()).unwrap();
    for (code, lyric) in OTHER {
        let language = judge.judge(lyric);
        assert_eq!((language.code, language.accepted), (Some(code), false), "{lyric}");
    }
}
