use crate::dice::Dice;
use crate::lexicon::{Lexicon, Slot};
use crate::voice::Voice;

/// What a block of a lyric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Intro,
    Verse,
    PreChorus,
    Chorus,
    Bridge,
    Outro,
}

/// A lyric: blocks of lines, and the order they are sung in. The chorus is one block, sung often.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lyric {
    pub(crate) blocks: Vec<String>,
    pub(crate) order: Vec<(Kind, usize)>,
}

/// Lyric lengths of the real data: at most `.1` characters at percentile `.0`.
const LENGTHS: [(u32, u32); 9] = [
    (0, 180),
    (5, 600),
    (10, 735),
    (25, 1010),
    (50, 1400),
    (75, 1990),
    (90, 2980),
    (99, 4700),
    (100, 11_000),
];

/// A length in characters, drawn from the real data's distribution, linear between percentiles.
fn length(dice: &mut Dice) -> usize {
    let at = dice.below(100_000);
    let upper = LENGTHS.partition_point(|&(percent, _)| percent * 1000 <= at);
    let (low, high) = (LENGTHS[upper - 1], LENGTHS[upper.min(LENGTHS.len() - 1)]);
    let span = (high.0 - low.0).max(1) * 1000;
    let over = u64::from(high.1 - low.1) * u64::from(at - low.0 * 1000) / u64::from(span);
    (low.1 + over as u32) as usize
}

impl Lyric {
    /// A new lyric. `wordy` songs have long verses.
    pub(crate) fn compose(voice: &Voice, wordy: bool, dice: &mut Dice) -> Self {
        // Tags and page debris come on top; the last block runs over the length by half of itself.
        let length = length(dice).saturating_sub(150).max(100);
        let mut lyric = Self::default();
        let chorus_lines = if wordy { 4 } else { dice.between(4, 6) };
        if dice.chance(250) {
            lyric.sing(Kind::Intro, 1, voice, dice);
        }
        let has_pre_chorus = dice.chance(350) && !wordy;
        let mut chorus = None;
        let mut pre_chorus = None;
        for round in 0.. {
            let lines = if wordy { dice.between(8, 16) } else { dice.between(4, 8) };
            let bridge = round == 2 && dice.chance(700);
            let (kind, lines) = if bridge { (Kind::Bridge, 4) } else { (Kind::Verse, lines) };
            lyric.sing(kind, lines, voice, dice);
            if lyric.sung() >= length {
                break;
            }
            if has_pre_chorus && !bridge {
                lyric.again(Kind::PreChorus, &mut pre_chorus, 2, voice, dice);
            }
            lyric.again(Kind::Chorus, &mut chorus, chorus_lines, voice, dice);
            if lyric.sung() >= length {
                break;
            }
        }
        if dice.chance(250) {
            lyric.sing(Kind::Outro, 2, voice, dice);
        }
        lyric
    }

    fn sing(&mut self, kind: Kind, lines: u32, voice: &Voice, dice: &mut Dice) -> usize {
        let mut block = String::with_capacity(48 * lines as usize);
        let mut tails: &[&str] = &[];
        for nth in 0..lines {
            if nth > 0 {
                block.push('\n');
            }
            if nth % 2 == 0 {
                let families = &voice.neutral.tails;
                let family = dice.below(families.len() as u32) as usize;
                tails = families.get(family).map_or(&[], Vec::as_slice);
            }
            let loose = matches!(kind, Kind::Intro | Kind::Outro);
            if dice.chance(if loose { 400 } else { 25 }) {
                voice.shouts(dice, &mut block);
            } else {
                voice.line(tails, dice, &mut block);
            }
        }
        self.blocks.push(block);
        self.order.push((kind, self.blocks.len() - 1));
        self.blocks.len() - 1
    }

    /// Sings the block made before, or makes it.
    fn again(
        &mut self,
        kind: Kind,
        made: &mut Option<usize>,
        lines: u32,
        voice: &Voice,
        dice: &mut Dice,
    ) {
        match *made {
            Some(block) => self.order.push((kind, block)),
            None => *made = Some(self.sing(kind, lines, voice, dice)),
        }
    }

    /// Characters of all blocks as they are sung.
    fn sung(&self) -> usize {
        let length = |&(_, block): &(Kind, usize)| self.blocks[block].len() + 14;
        self.order.iter().map(length).sum()
    }

    /// The same lyric as somebody else would have written it down: one word in each of a few
    /// blocks is another.
    pub(crate) fn misheard(&self, words: &Lexicon, dice: &mut Dice) -> Self {
        let mut lyric = self.clone();
        for _ in 0..dice.between(1, 2) {
            let at = dice.below(lyric.blocks.len() as u32) as usize;
            if let Some(block) = lyric.blocks.get_mut(at) {
                replace_a_word(block, dice.pick(words.words(Slot::Noun)), dice);
            }
        }
        lyric
    }
}

/// Puts `word` in the place of one that stands between two spaces of a line.
fn replace_a_word(block: &mut String, word: &str, dice: &mut Dice) {
    let spaces: Vec<usize> = block.match_indices(' ').map(|(at, _)| at).collect();
    let inner: Vec<(usize, usize)> = spaces
        .windows(2)
        .map(|pair| (pair[0] + 1, pair[1]))
        .filter(|&(from, to)| !block[from..to].contains('\n'))
        .collect();
    let (from, to) = dice.one_of(&inner, (0, 0));
    if from < to {
        block.replace_range(from..to, word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_follow_the_real_percentiles() {
        let mut dice = Dice::new(3);
        let mut drawn: Vec<usize> = (0..20_001).map(|_| length(&mut dice)).collect();
        drawn.sort_unstable();
        assert!((1350..1450).contains(&drawn[10_000]), "{}", drawn[10_000]);
        assert!((2900..3060).contains(&drawn[18_000]), "{}", drawn[18_000]);
    }

    #[test]
    fn a_misheard_block_differs_in_one_word() {
        for seed in 0..20 {
            let mut block = "one two three\nfour five six".to_owned();
            replace_a_word(&mut block, "lamp", &mut Dice::new(seed));
            let expected = ["one lamp three\nfour five six", "one two three\nfour lamp six"];
            assert!(expected.contains(&block.as_str()), "{block}");
        }
    }
}
