//! How facts are called in files.

use crate::probe::{Aftermath, Fate, SessionSeen};

pub(super) const fn aftermath(aftermath: Aftermath) -> &'static str {
    match aftermath {
        Aftermath::Restored => "restored",
        Aftermath::ForcedLogin => "forced-login",
        Aftermath::GuestReset => "guest-reset",
        Aftermath::Abandoned => "abandoned",
    }
}

pub(super) const fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::LoggedOut => "logged-out",
        Fate::Superseded => "superseded",
        Fate::Ended => "ended",
        Fate::Alive => "alive",
        Fate::ExpiredInUse => "expired-in-use",
        Fate::Lost(_) => "lost",
    }
}

pub(super) const fn seen(seen: SessionSeen) -> &'static str {
    match seen {
        SessionSeen::NotBelieved => "none-believed",
        SessionSeen::Found => "found",
        SessionSeen::Gone => "gone",
    }
}
