//! Several callers at one moment, and chance that repeats.

use std::{sync::Barrier, thread};

/// Calls `work` on `callers` threads that begin at one moment; what each came to, by number. A panic of one
/// is the panic of the caller.
pub fn together<T: Send>(callers: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(callers);
    let (barrier, work) = (&barrier, &work);
    thread::scope(|scope| {
        let begun: Vec<_> = (0..callers)
            .map(|number| {
                scope.spawn(move || {
                    barrier.wait();
                    work(number)
                })
            })
            .collect();
        begun.into_iter().map(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

/// Numbers that look random and follow from a seed alone (SplitMix64): a test names its seed, and a failure
/// is repeated with it.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The dice of this seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (number ^ (number >> 31)).checked_rem(end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn callers_begin_together_and_are_told_apart() {
        let inside = AtomicUsize::new(0);
        let came = together(8, |number| {
            inside.fetch_add(1, Ordering::SeqCst);
            // Each waits until all are inside: with one after another this would never end.
            while inside.load(Ordering::SeqCst) < 8 {
                thread::yield_now();
            }
            number
        });
        assert_eq!(came, [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn chance_repeats_with_its_seed() {
        let roll = |seed| {
            let mut dice = Dice::of(seed);
            (0..50).map(|_| dice.below(6)).collect::<Vec<_>>()
        };
        assert_eq!(roll(1), roll(1));
        assert_ne!(roll(1), roll(2));
        assert!((0..6).all(|face| roll(1).contains(&face)));
    }
}
