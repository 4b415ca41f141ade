//! Names of measured servers, and the models that stand for them.

use crate::scenario::store::{Allocator, Engine};

/// The model of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    /// Program and version.
    pub engine: Engine,
    /// Its jemalloc.
    pub allocator: Allocator,
}

/// The model of the server that a result names: program, version and, where it was built with
/// Debian's system library, `-debian`: `redis-7.0.15-debian`, `valkey-8.1.1`. Patch versions of
/// one minor version behave alike. `None` if it is not modelled.
#[must_use]
pub fn model(name: &str) -> Option<Model> {
    let (name, allocator) = match name.strip_suffix("-debian") {
        Some(name) => (name, Allocator::Debian),
        None => (name, Allocator::Bundled),
    };
    let (program, version) = name.split_once('-')?;
    let mut parts = version.split('.');
    let (major, minor) = (parts.next()?, parts.next()?);
    let engine = format!("{program}-{major}.{minor}").parse().ok()?;
    Some(Model { engine, allocator })
}

/// Whether a result of the server `name` belongs to `wanted`: the same name, or the model's.
#[must_use]
pub fn is_wanted(name: &str, wanted: &str) -> bool {
    name == wanted || model(name).is_some_and(|model| model.engine.as_str() == wanted)
}

impl Model {
    /// Program and version, and the allocator where it is not the server's own.
    #[must_use]
    pub fn name(self) -> String {
        match self.allocator {
            Allocator::Bundled => self.engine.as_str().to_owned(),
            Allocator::Debian => format!("{}-debian", self.engine.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_found_by_their_minor_version() {
        let named = |name| model(name).map(Model::name);
        for (name, expected) in [
            ("redis-7.0.15-debian", Some("redis-7.0-debian")),
            ("redis-7.0.3", Some("redis-7.0")),
            ("redis-7.4.1", Some("redis-7.4")),
            ("redis-8.0.6", Some("redis-8.0")),
            ("valkey-8.0.1", Some("valkey-8.0")),
            ("valkey-8.1", Some("valkey-8.1")),
            ("valkey-9.1.2", Some("valkey-9.1")),
            ("memcached-1.6.18", None),
            ("redis-7.2.4", None),
            ("redis-70.1", None),
            ("redis", None),
            ("", None),
        ] {
            assert_eq!(named(name).as_deref(), expected, "{name}");
        }
        assert!(is_wanted("redis-7.0.15-debian", "redis-7.0"));
        assert!(is_wanted("memcached-1.6.18", "memcached-1.6.18"));
        assert!(!is_wanted("redis-7.0.15-debian", "redis-7.0.15"));
    }
}
