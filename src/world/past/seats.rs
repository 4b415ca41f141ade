//! The past of a fixed number of concurrent users: each seat by itself, since nobody changes seats.
//!
//! A seat's past begins somewhere in a visit: it opens up to a mean visit before or after the past
//! begins. By the start of the run it is in its stationary state, whatever that first phase was,
//! but for visits that are all of the same length, whose phases stay as they were.

use std::collections::{BTreeMap, VecDeque};

use crate::traffic::Phase;
use crate::units::{Span, Time};

use super::life::{Life, Past};
use super::{Epoch, keep};

/// Somebody who is back and waits for the seat, in the order in which they came.
pub(super) struct Waiting(pub(super) Life);

impl Past<'_> {
    /// Everybody who had seat `seat`, with visits of mean length `stay`.
    pub(super) fn seat(
        &mut self,
        seat: u32,
        stay: Span,
        epoch: Epoch,
        lives: &mut Vec<Life>,
        waiting: &mut Vec<Waiting>,
    ) {
        let class = &self.crowd.class;
        let phase = (u128::from(class.phase_of(seat)) * u128::from(stay.0)) >> 64;
        let mut now = Time((phase as u64).min(epoch.end().0.saturating_sub(1)));
        let mut queue = VecDeque::new();
        // By the time at which they are back, and by when they left.
        let mut away = BTreeMap::new();
        let mut left = 0u64;
        let mut users = 0;
        loop {
            let mut life = queue.pop_front().unwrap_or_else(|| {
                users += 1;
                Life::new(class.past_user(seat, users - 1))
            });
            let over = self.visit(&mut life, now, epoch.end());
            if over.is_some() && life.user.phase() == Phase::Away {
                away.insert((life.next, left), life);
                left += 1;
            } else {
                keep(life, epoch, lives);
            }
            let until = over.unwrap_or(epoch.end());
            while let Some(first) = away.first_entry()
                && first.key().0 <= until
            {
                queue.push_back(first.remove());
            }
            let Some(over) = over else {
                break;
            };
            now = over;
        }
        lives.extend(away.into_values());
        waiting.extend(queue.into_iter().map(Waiting));
    }
}
