use crate::dice::Dice;
use crate::lexicon::{Lexicon, Piece, Slot};

/// How one song speaks: mostly in plain words, at times in those of its themes.
pub(crate) struct Voice<'a> {
    /// Plain words and lines.
    pub(crate) neutral: &'a Lexicon,
    /// The song's own theme.
    pub(crate) main: &'a Lexicon,
    /// A second theme, heard now and then.
    pub(crate) side: &'a Lexicon,
    /// Thousandths of lines and words that are a theme's.
    pub(crate) cue: u32,
}

impl Voice<'_> {
    /// Writes one line. `tails` are ends that rhyme with the neighbouring line's.
    pub(crate) fn line(&self, tails: &[&str], dice: &mut Dice, out: &mut String) {
        let start = out.len();
        let lines = &self.heard(dice).lines;
        let at = dice.below(lines.len() as u32) as usize;
        for piece in lines.get(at).into_iter().flatten() {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Open(slot) => out.push_str(self.word(*slot, dice)),
            }
        }
        capitalise_at(out, start);
        match dice.below(100) {
            0..36 if !tails.is_empty() && !out.ends_with('?') => {
                out.push_str(", ");
                out.push_str(dice.pick(tails));
            }
            36..42 => {
                let shouts = &self.heard(dice).shouts;
                out.push_str(" (");
                out.push_str(dice.pick(shouts));
                out.push(')');
            }
            _ => {}
        }
    }

    /// Writes a line of ad-libs.
    pub(crate) fn shouts(&self, dice: &mut Dice, out: &mut String) {
        let start = out.len();
        let shouts = &self.heard(dice).shouts;
        let shout = dice.pick(shouts);
        for nth in 0..dice.between(1, 4) {
            out.push_str(if nth == 0 { "" } else { ", " });
            out.push_str(shout);
        }
        capitalise_at(out, start);
    }

    fn word(&self, slot: Slot, dice: &mut Dice) -> &'static str {
        let words = self.heard(dice).words(slot);
        dice.pick(if words.is_empty() { self.neutral.words(slot) } else { words })
    }

    fn heard(&self, dice: &mut Dice) -> &Lexicon {
        match dice.below(1000) {
            spoken if spoken >= self.cue => self.neutral,
            // A quarter of what stands out comes from the second theme.
            spoken if spoken % 4 == 0 => self.side,
            _ => self.main,
        }
    }
}

fn capitalise_at(text: &mut str, start: usize) {
    if let Some(first) = text.get_mut(start..start + 1) {
        first.make_ascii_uppercase();
    }
}
