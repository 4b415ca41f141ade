//! A command of traffic that is not the users' own (recorded traffic, workloads): to its node and
//! back.

use crate::kernel::draws::{Purpose, RequestDraws};
use crate::probe::{CommandDone, Probe};
use crate::store::keyspace::{Command, KeyId};
use crate::store::node::Reply;
use crate::units::{Span, Time};

use super::World;
use super::journey::answer;
use super::side::KeyAt;

/// A command that has reached its node.
pub(super) struct Delivery {
    pub(super) node: u16,
    /// Whose command it is, as facts name owners.
    pub(super) owner: u16,
    pub(super) key: KeyId,
    pub(super) command: Command,
    /// When it was sent.
    pub(super) sent: Time,
    pub(super) draws: RequestDraws,
    /// Its number within its request.
    pub(super) number: u8,
}

/// What came of it.
pub(super) struct Delivered {
    pub(super) reply: Reply,
    /// When the reply is back.
    pub(super) back: Time,
    /// From sending the command to its reply.
    pub(super) took: Span,
}

impl<P: Probe> World<P> {
    /// When a command that is sent at `at` will be at its node.
    #[inline]
    pub(super) fn arrival(&self, node: u16, draws: RequestDraws, number: u8, at: Time) -> Time {
        if self.topology.is_some() {
            return self.arrival_in_topology(node, (draws, number), at);
        }
        at.saturating_add(Span(self.hop.draw(draws.at(number, Purpose::HopOut))))
    }

    /// The node executes the command in its turn; whatever dies by that is buried.
    pub(super) fn deliver(&mut self, delivery: &Delivery) -> Delivered {
        let Delivery {
            node,
            owner,
            key,
            command,
            sent,
            draws,
            number,
        } = delivery;
        if self.elsewhere.is_some() {
            let reply =
                self.execute_elsewhere(*node, command, *key, || draws.at(*number, Purpose::Query));
            self.bury(*node);
            return Delivered {
                reply,
                back: reply.done,
                took: reply.done - *sent,
            };
        }
        let (reply, back) = if self.topology.is_some() {
            let (key, node) = (key.0, *node);
            self.deliver_in_topology(KeyAt { key, node }, command, (*draws, *number))
        } else {
            let reply = self.nodes[*node as usize].execute(command, *key, self.now, || {
                draws.at(*number, Purpose::Service)
            });
            let hop = Span(self.hop.draw(draws.at(*number, Purpose::HopBack)));
            (reply, reply.done.saturating_add(hop))
        };
        if self.is_served(*node) {
            self.probe.command(&CommandDone {
                node: *node,
                owner: *owner,
                name: command.name,
                answer: answer(reply.outcome),
                arrived: self.now,
                done: reply.done,
            });
        }
        self.bury(*node);
        Delivered {
            reply,
            back,
            took: back - *sent,
        }
    }
}
