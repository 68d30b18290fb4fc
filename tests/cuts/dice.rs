//! Chance that can be had again: one seed, and the same is drawn.

/// A stream of numbers of its own.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Another stream; what is drawn from the one does not change the other.
    pub(crate) fn branch(&self, number: u64) -> Self {
        let mut dice = Self(self.0 ^ number.wrapping_mul(0xA24B_AED4_963E_E407));
        Self(dice.next())
    }

    /// `SplitMix64`.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A place in a list of so many.
    pub(crate) fn place_of(&mut self, count: usize) -> usize {
        usize::try_from(self.below(u64::try_from(count).unwrap())).unwrap()
    }

    /// Once in so many times.
    pub(crate) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub(crate) fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.place_of(all.len())]
    }

    /// A number of 1 to 2^`magnitudes`, each magnitude as likely as the others.
    pub(crate) fn of_any_magnitude(&mut self, magnitudes: u64) -> u64 {
        let magnitude = 1 << self.below(magnitudes);
        magnitude + self.below(magnitude)
    }
}
