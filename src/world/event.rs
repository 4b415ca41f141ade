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
}

/// Largest number of visitors: their number takes 31 bits.
pub(super) const MAX_VISITORS: u32 = 1 << 31;
const NUMBER_BITS: u32 = 28;
const WAKE: u32 = 1 << 31;

impl Event {
    #[inline]
    pub(super) const fn pack(self) -> u32 {
        let (kind, number) = match self {
            Self::Wake(visitor) => return WAKE | visitor,
            Self::Arrive(request) => (0, request),
            Self::Reply(request) => (1, request),
            Self::NewUser(class) => (2, class),
            Self::Cron(node) => (3, node),
            Self::Window => (4, 0),
            Self::Minute => (5, 0),
            Self::MeasurementBegins => (6, 0),
            Self::End => (7, 0),
        };
        kind << NUMBER_BITS | number
    }

    #[inline]
    pub(super) const fn unpack(bits: u32) -> Self {
        if let Some(visitor) = Self::visitor(bits) {
            return Self::Wake(visitor);
        }
        let number = bits & ((1 << NUMBER_BITS) - 1);
        match bits >> NUMBER_BITS {
            0 => Self::Arrive(number),
            1 => Self::Reply(number),
            2 => Self::NewUser(number),
            3 => Self::Cron(number),
            4 => Self::Window,
            5 => Self::Minute,
            6 => Self::MeasurementBegins,
            _ => Self::End,
        }
    }

    /// The visitor that a packed event wakes, if it does.
    #[inline]
    pub(super) const fn visitor(bits: u32) -> Option<u32> {
        if bits & WAKE == 0 {
            None
        } else {
            Some(bits & !WAKE)
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
        ] {
            assert_eq!(Event::unpack(event.pack()), event);
        }
    }
}
