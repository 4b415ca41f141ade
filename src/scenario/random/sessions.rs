//! Random sessions: of libraries that are known, and of others.

use crate::kernel::quantiles::Distribution;
use crate::scenario::commands::{CommandName, Program, Step, When};
use crate::scenario::database::OnLostSession;
use crate::scenario::load;
use crate::scenario::presets::libraries;
use crate::scenario::users::{
    Cookie, CookieKind, Encoding, Growth, Purpose, Rotation, SessionPrograms, SessionSpec,
    StaleCookie, StaleId, TtlKind, Writes,
};
use crate::units::{Bytes, Span};

use super::Dice;

pub(super) fn session(dice: &mut Dice) -> SessionSpec {
    let mut session = if dice.one_in(3) {
        of_a_library(dice)
    } else {
        of_a_plain_library(dice)
    };
    if dice.one_in(4) {
        session.growth = Some(Growth {
            by: dice.distribution(0, 500),
            most: Bytes(dice.between(1, 30_000)),
        });
    }
    if dice.one_in(3) {
        session.cookie = Cookie {
            kind: dice.pick(&[
                CookieKind::Fixed,
                CookieKind::RefreshOnWrite,
                CookieKind::RefreshAlways,
            ]),
            max_age: Span::from_millis(dice.between(1, 3_600_000)),
        };
    }
    if dice.one_in(4) {
        session.work_time = dice.spans(0, 20_000_000_000);
    }
    if dice.one_in(4) {
        session.on_lost_session = Some(dice.choice::<OnLostSession>());
    }
    session
}

/// One of those that are known, with another TTL.
fn of_a_library(dice: &mut Dice) -> SessionSpec {
    let name = dice.pick(&libraries::names());
    let text = format!(
        "duration = \"1d\"\n[store]\nnode_type = \"cache.t3.micro\"\n[[users]]\nconcurrent = 1\n\
         [users.session]\nlibrary = \"{name}\"\n"
    );
    let loaded = load("library.toml", &text).expect("the libraries load");
    let mut session = loaded.users[0].session.clone();
    if session.ttl_kind != TtlKind::None {
        session.ttl = Span::from_millis(dice.between(1, 3_600_000));
    }
    if let Some(lock) = &mut session.lock {
        lock.ttl = Span::from_millis(dice.between(1, 60_000));
        lock.tries = dice.between(0, 20) as u32;
        lock.on_failure = dice.choice();
    }
    session
}

fn of_a_plain_library(dice: &mut Dice) -> SessionSpec {
    let encoding = if dice.one_in(2) {
        Encoding::String
    } else {
        let fields = dice.between(1, 200) as u32;
        Encoding::Hash {
            fields,
            field_length: dice.between(1, 70) as u32,
        }
    };
    let ttl_kind = dice.choice::<TtlKind>();
    let ttl = match ttl_kind {
        TtlKind::None => Span::ZERO,
        _ => Span::from_millis(dice.between(1, 3_600_000)),
    };
    let rotation = dice.choice::<Rotation>();
    let program = |purpose: Purpose| purpose.program(encoding, ttl_kind, rotation);
    let bytes = dice.distribution(1, 20_000);
    let stale = dice.one_in(3);
    let mut session = SessionSpec {
        library: None,
        key: dice
            .pick(&["session:<id>", "<id>", "{shop}:<id>", "cart:{<id>}:v2"])
            .to_owned(),
        id_length: dice.between(8, 64) as u32,
        encoding,
        empty_bytes: bytes.clone(),
        bytes,
        growth: None,
        writes: dice.choice::<Writes>(),
        ttl,
        ttl_kind,
        cookie: Cookie {
            kind: CookieKind::Session,
            max_age: Span::ZERO,
        },
        rotation,
        stale_id: dice.choice::<StaleId>(),
        stale_cookie: dice.choice::<StaleCookie>(),
        on_lost_session: None,
        work_time: Distribution::Fixed(Span::ZERO),
        lock: None,
        keys: Vec::new(),
        programs: SessionPrograms {
            cookieless: if dice.one_in(3) {
                program(Purpose::FirstWrite)
            } else {
                Program::new()
            },
            first_write: program(Purpose::FirstWrite),
            login: program(Purpose::Login),
            read: program(Purpose::Read),
            modify: program(Purpose::Modify),
            untouched: if dice.one_in(3) {
                program(Purpose::Read)
            } else {
                Program::new()
            },
            logout: program(Purpose::Logout),
            stale_read: stale.then(|| {
                if dice.one_in(2) {
                    program(Purpose::FirstWrite)
                } else {
                    Program::new()
                }
            }),
            stale_write: stale.then(|| program(Purpose::FirstWrite)),
            restore: program(Purpose::Restore),
        },
    };
    vary(dice, &mut session);
    session
}

/// Programs as some libraries have them.
fn vary(dice: &mut Dice, session: &mut SessionSpec) {
    let step = Step::new;
    let string = session.encoding == Encoding::String;
    let ttl_kind = session.ttl_kind;
    let programs = &mut session.programs;
    if string && ttl_kind == TtlKind::Sliding && dice.one_in(2) {
        programs.read = vec![step(CommandName::GetEx, When::Found)];
    }
    if string && dice.one_in(3) {
        programs
            .login
            .insert(0, step(CommandName::SetNx, When::Always));
    }
    if string && ttl_kind != TtlKind::FromWrite && dice.one_in(4) {
        programs.read.push(step(CommandName::Set, When::Missing));
    }
    let lead: Program = vec![step(CommandName::Exists, When::Found)];
    if dice.one_in(4) {
        programs.modify.splice(0..0, lead.clone());
        programs.logout.splice(0..0, lead);
    }
    if dice.one_in(4) {
        programs.logout[0].when = When::Always;
    }
}
