//! What happened to the nodes of a run.

use crate::probe::Incident;
use crate::units::Time;

/// Most that are kept: far more than anybody reads, and less than a megabyte.
const MOST: usize = 20_000;

/// What happened, in its order.
#[derive(Clone, Debug, Default)]
pub struct Incidents {
    list: Vec<(Time, Incident)>,
    left_out: u64,
}

impl Incidents {
    /// Something happened.
    pub(super) fn add(&mut self, at: Time, incident: Incident) {
        if self.list.len() < MOST {
            self.list.push((at, incident));
        } else {
            self.left_out += 1;
        }
    }

    /// When what happened.
    pub fn list(&self) -> &[(Time, Incident)] {
        &self.list
    }

    /// How many more there were.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}
