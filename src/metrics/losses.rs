//! Lost sessions by minute and cause.

use crate::probe::{Aftermath, LossCause};
use crate::units::Time;

/// Nanoseconds of a minute.
const MINUTE: u64 = 60_000_000_000;

/// What became of the sessions that were lost in a minute for one cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// How many there were.
    pub lost: u64,
    /// Those that their user missed.
    pub felt: u64,
    /// Those that nobody missed.
    pub unnoticed: u64,
    /// What became of the felt ones, in the order of [`Aftermath`]: restored, forced login, guest
    /// reset, abandoned.
    pub made_good: [u64; 4],
}

const CAUSES: usize = LossCause::ALL.len();

/// All of them, by the minute of the run in which they were lost, and the cause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LossBook(Vec<Option<Box<[Losses; CAUSES]>>>);

impl LossBook {
    fn at(&mut self, at: Time, cause: LossCause) -> &mut Losses {
        let minute = (at.0 / MINUTE) as usize;
        if minute >= self.0.len() {
            self.0.resize(minute + 1, None);
        }
        &mut self.0[minute].get_or_insert_default()[cause as usize]
    }

    pub(super) fn lost(&mut self, at: Time, cause: LossCause) {
        self.at(at, cause).lost += 1;
    }

    pub(super) fn felt(&mut self, lost_at: Time, cause: LossCause, felt: bool) {
        let losses = self.at(lost_at, cause);
        losses.felt += u64::from(felt);
        losses.unnoticed += u64::from(!felt);
    }

    pub(super) fn made_good(&mut self, lost_at: Time, cause: LossCause, by: Aftermath) {
        self.at(lost_at, cause).made_good[by as usize] += 1;
    }

    /// Minute of the run, cause, and what became of them, in order of time.
    pub fn rows(&self) -> impl Iterator<Item = (u64, LossCause, Losses)> {
        let minutes = self.0.iter().enumerate();
        minutes
            .filter_map(|(minute, causes)| Some((minute as u64, causes.as_deref()?)))
            .flat_map(|(minute, causes)| {
                let causes = LossCause::ALL.into_iter().zip(causes);
                causes.map(move |(cause, losses)| (minute, cause, *losses))
            })
            .filter(|(_, _, losses)| *losses != Losses::default())
    }
}
