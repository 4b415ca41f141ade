//! Profiles of session libraries, as data: one file each in `libraries/`.
//!
//! What was measured was captured by MONITOR from real applications against redis-server 7.0.15
//! (memcached 1.6.18); the others follow from their source. A file holds what the library does
//! (`[session]`, in the words of `[users.session]`) and what it is; what happens when the store is
//! down is kept there as text.

use crate::scenario::reader::tree::{self, Entry, Tree};

/// A library.
#[derive(Clone, Debug)]
pub struct Library {
    /// Its name, as `library` of `[users.session]` calls it.
    pub name: &'static str,
    /// What it is.
    pub title: String,
    /// The versions that were looked at.
    pub version: String,
    /// The client that it talks to the store with.
    pub client: String,
    /// What the profile rests on.
    pub evidence: String,
    /// Whether and how it locks sessions.
    pub locking: String,
    /// What happens to a request when the store refuses connections.
    pub store_down: String,
    /// Likewise when the store does not answer.
    pub store_hang: String,
    /// What happens when the store is back.
    pub after_store_returns: String,
    /// The whole file.
    pub text: &'static str,
}

const FILES: [(&str, &str); 25] = [
    (
        "express-connect-redis",
        include_str!("libraries/express-connect-redis.toml"),
    ),
    (
        "express-defaults",
        include_str!("libraries/express-defaults.toml"),
    ),
    (
        "express-maxage",
        include_str!("libraries/express-maxage.toml"),
    ),
    (
        "express-node-redis4",
        include_str!("libraries/express-node-redis4.toml"),
    ),
    (
        "express-ioredis5",
        include_str!("libraries/express-ioredis5.toml"),
    ),
    (
        "fastify-session",
        include_str!("libraries/fastify-session.toml"),
    ),
    ("django-cache", include_str!("libraries/django-cache.toml")),
    (
        "django-save-every",
        include_str!("libraries/django-save-every.toml"),
    ),
    (
        "django-cached-db",
        include_str!("libraries/django-cached-db.toml"),
    ),
    (
        "flask-session",
        include_str!("libraries/flask-session.toml"),
    ),
    ("starsessions", include_str!("libraries/starsessions.toml")),
    ("litestar", include_str!("libraries/litestar.toml")),
    ("php-redis", include_str!("libraries/php-redis.toml")),
    (
        "php-redis-locking",
        include_str!("libraries/php-redis-locking.toml"),
    ),
    (
        "php-memcached",
        include_str!("libraries/php-memcached.toml"),
    ),
    (
        "laravel-redis",
        include_str!("libraries/laravel-redis.toml"),
    ),
    ("rack-redis", include_str!("libraries/rack-redis.toml")),
    (
        "rails-redis-session-store",
        include_str!("libraries/rails-redis-session-store.toml"),
    ),
    ("go-redistore", include_str!("libraries/go-redistore.toml")),
    ("go-scs", include_str!("libraries/go-scs.toml")),
    (
        "tower-sessions",
        include_str!("libraries/tower-sessions.toml"),
    ),
    (
        "actix-session",
        include_str!("libraries/actix-session.toml"),
    ),
    (
        "spring-session-redis",
        include_str!("libraries/spring-session-redis.toml"),
    ),
    (
        "spring-session-redis-indexed",
        include_str!("libraries/spring-session-redis-indexed.toml"),
    ),
    ("aspnet-core", include_str!("libraries/aspnet-core.toml")),
];

/// All names, in the order in which they are listed.
pub fn names() -> Vec<&'static str> {
    FILES.iter().map(|(name, _)| *name).collect()
}

/// All libraries.
pub fn all() -> Vec<Library> {
    FILES.iter().map(|file| library(*file)).collect()
}

/// The library of that name.
pub fn find(name: &str) -> Option<Library> {
    let file = FILES.iter().find(|(known, _)| *known == name)?;
    Some(library(*file))
}

impl Library {
    /// What it says in the words of `[users.session]`, as source number `source`.
    pub(in crate::scenario) fn session(&self, source: u32) -> Vec<Entry> {
        entries(source, self.text)
            .into_iter()
            .find(|entry| entry.key == "session")
            .and_then(|entry| match entry.node.tree {
                Tree::Table(entries) => Some(entries),
                _ => None,
            })
            .expect("a library has a [session]")
    }

    /// The same as text of a scenario, with its comments.
    pub fn to_toml(&self) -> String {
        let (head, session) = self
            .text
            .split_once("\n[session]\n")
            .expect("a library has a [session]");
        let comments: String = head
            .lines()
            .filter(|line| line.starts_with('#'))
            .flat_map(|line| [line, "\n"])
            .collect();
        let session = session
            .replace("\n[session.", "\n[users.session.")
            .replace("\n[[session.", "\n[[users.session.");
        format!("{comments}[users.session]\n{session}")
    }
}

fn entries(source: u32, text: &str) -> Vec<Entry> {
    tree::parse(source, text).expect("the libraries are well-formed")
}

fn library((name, text): (&'static str, &'static str)) -> Library {
    let entries = entries(0, text);
    let get = |key: &str| {
        let found = entries.iter().find(|entry| entry.key == key);
        match found.map(|entry| &entry.node.tree) {
            Some(Tree::Text(text)) => text.clone(),
            _ => panic!("{name} has no {key}"),
        }
    };
    Library {
        name,
        title: get("title"),
        version: get("version"),
        client: get("client"),
        evidence: get("evidence"),
        locking: get("locking"),
        store_down: get("store_down"),
        store_hang: get("store_hang"),
        after_store_returns: get("after_store_returns"),
        text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::load;

    /// Each loads as it is, and as it is printed to be copied, to the same session.
    #[test]
    fn each_library_loads() {
        let scenario = |session: &str| {
            let text = format!(
                "duration = \"1d\"\nplatform = \"self-managed\"\n[store]\nmaxmemory = \"1GiB\"\n\n[[users]]\nconcurrent = 10\n\n{session}"
            );
            let loaded = load("test.toml", &text);
            loaded.unwrap_or_else(|problems| panic!("{}", problems.render(false)))
        };
        assert_eq!(all().len(), 25);
        for library in all() {
            let named = scenario(&format!("[users.session]\nlibrary = \"{}\"", library.name));
            let mut copied = scenario(&library.to_toml()).users[0].session.clone();
            copied.library = Some(library.name.to_owned());
            assert_eq!(named.users[0].session, copied, "{}", library.name);
            let again = load("again.toml", &named.to_toml()).unwrap();
            assert_eq!(named.users, again.users, "{}", library.name);
        }
    }
}
