//! What can be on the agenda, packed into its 32 bits.

/// An event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A user acts, or comes back.
    Wake(u32),
    /// A command reaches its node.
    Arrive(u32),
    /// The application has a reply, from a node or from the database.
    Reply(u32),
    /// A new user of a class arrives.
    NewUser(u32),
    /// A node's cron runs.
    Cron(u32),
    /// A row of the time series ends.
    Window,
    /// A minute ends.
    Minute,
    /// The warm-up is over.
    MeasurementBegins,
    /// The run is over.
    End,
    /// Recorded traffic goes on: with the next row of the trace (0), or with one of its requests
    /// (its place + 1).
    Recorded(u32),
    /// A workload goes on: with its next request (its place), or with one that is on its way (its
    /// place behind those of the workloads).
    Workload(u32),
    /// The number of the application's instances changes (0), or one of them (its number + 1) is
    /// gone.
    Instances(u32),
    /// Somebody looks after the replicas.
    Tick,
    /// Something happens to the nodes: by its number.
    Happening(u32),
}

/// Largest number of visitors and of requests on their way: what 28 bits can name.
pub(super) const MAX_VISITORS: u32 = 1 << NUMBER_BITS;
const NUMBER_BITS: u32 = 28;

impl Event {
    #[inline]
    pub(super) const fn pack(self) -> u32 {
        let (kind, number) = match self {
            Self::Wake(visitor) => (0, visitor),
            Self::Arrive(request) => (1, request),
            Self::Reply(request) => (2, request),
            Self::NewUser(class) => (3, class),
            Self::Cron(node) => (4, node),
            Self::Window => (5, 0),
            Self::Minute => (6, 0),
            Self::MeasurementBegins => (7, 0),
            Self::End => (8, 0),
            Self::Recorded(number) => (9, number),
            Self::Workload(number) => (10, number),
            Self::Instances(number) => (11, number),
            Self::Tick => (12, 0),
            Self::Happening(number) => (13, number),
        };
        debug_assert!(number < MAX_VISITORS, "an event names too large a number");
        kind << NUMBER_BITS | number
    }

    #[inline]
    pub(super) const fn unpack(bits: u32) -> Self {
        let number = bits & (MAX_VISITORS - 1);
        match bits >> NUMBER_BITS {
            0 => Self::Wake(number),
            1 => Self::Arrive(number),
            2 => Self::Reply(number),
            3 => Self::NewUser(number),
            4 => Self::Cron(number),
            5 => Self::Window,
            6 => Self::Minute,
            7 => Self::MeasurementBegins,
            8 => Self::End,
            9 => Self::Recorded(number),
            10 => Self::Workload(number),
            11 => Self::Instances(number),
            12 => Self::Tick,
            _ => Self::Happening(number),
        }
    }

    /// The request whose command a packed event brings to its node, if it does.
    #[inline]
    pub(super) const fn arrival(bits: u32) -> Option<u32> {
        if bits >> NUMBER_BITS == 1 {
            Some(bits & (MAX_VISITORS - 1))
        } else {
            None
        }
    }

    /// The visitor that a packed event wakes, if it does.
    #[inline]
    pub(super) const fn visitor(bits: u32) -> Option<u32> {
        if bits < MAX_VISITORS {
            Some(bits)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_loses_nothing() {
        for event in [
            Event::Wake(0),
            Event::Wake(MAX_VISITORS - 1),
            Event::Arrive((1 << NUMBER_BITS) - 1),
            Event::Reply(7),
            Event::NewUser(63),
            Event::Cron(499),
            Event::Window,
            Event::Minute,
            Event::MeasurementBegins,
            Event::End,
            Event::Recorded(0),
            Event::Recorded(9),
            Event::Workload(70),
            Event::Instances(3),
            Event::Tick,
            Event::Happening(9),
        ] {
            assert_eq!(Event::unpack(event.pack()), event);
        }
    }
}
