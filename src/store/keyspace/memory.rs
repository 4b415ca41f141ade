//! Bytes that a key allocates, by engine: what `used_memory` grows by.
//!
//! Sources: `sds.c`, `object.c`, `dict.c`, `t_hash.c` and `listpack.c` of Redis 7.0; `object.c`,
//! `hashtable.c` and `entry.c` of Valkey 9.1. All figures are blocks as jemalloc hands them out.

use crate::store::engine::{EngineRules, Layout};

use crate::store::entry::ShapeId;

/// What a key's bytes depend on besides the size of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Bytes of the key's name.
    pub key_length: u32,
    /// How its value is stored.
    pub kind: ShapeKind,
}

/// How a value is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShapeKind {
    /// As a string.
    String,
    /// As a hash, whose fields divide the value's bytes evenly.
    Hash {
        /// Number of fields.
        fields: u32,
        /// Bytes of a field's name.
        field_length: u32,
    },
    /// As a set of members that are no numbers.
    Set {
        /// Bytes of a member, at least 1.
        member: u32,
    },
    /// As a sorted set; its members are counted instead of bytes.
    SortedSet {
        /// Bytes of a member.
        member_length: u32,
    },
    /// As a number that is counted up.
    Counter {
        /// Whether small numbers are objects that all keys share: not where each key has an access
        /// time of its own to be evicted by.
        shared: bool,
    },
}

/// `hash-max-listpack-entries` and `hash-max-listpack-value`, defaults since Redis 7.0.
const LISTPACK_ENTRIES: u32 = 512;
const LISTPACK_VALUE: u64 = 64;
/// Longest string that shares a block with its object (`OBJ_ENCODING_EMBSTR_SIZE_LIMIT`).
const EMBEDDED_STRING: u64 = 44;
/// Numbers below it are objects that all keys share, where they may (`OBJ_SHARED_INTEGERS`).
const SHARED_NUMBERS: u64 = 10_000;
/// Bytes of an object (`robj`).
const OBJECT: u64 = 16;
/// Bytes of an entry of a dict, and of a bucket's pointer.
pub(super) const DICT_ENTRY: u64 = 24;
pub(super) const POINTER: u64 = 8;

#[derive(Clone, Copy, Debug)]
pub(super) struct ShapeCost {
    pub(super) shape: Shape,
    /// Everything that depends neither on the value's size nor on the TTL.
    fixed: u64,
    /// Of a hash kept as a hash table: its structure and buckets.
    table: u64,
    /// Of a sorted set kept as a skip list: the mean of a member.
    pub(super) member: f64,
    /// What a command that stores such a key holds while it runs, besides the value.
    arguments: u64,
}

/// The bytes of keys.
#[derive(Clone, Debug)]
pub(crate) struct Costs {
    layout: Layout,
    lg_quantum: u32,
    /// Bytes of an entry of the main dict.
    main_entry: u64,
    shapes: Vec<ShapeCost>,
}

impl Costs {
    /// The costs of an engine. In a cluster, Redis 7.0 links the keys of a slot through their
    /// entries (`clusterDictEntryMetadata`); later engines keep a table for each slot instead.
    pub(crate) const fn new(rules: &EngineRules, cluster: bool) -> Self {
        let links = if cluster && !rules.tables_by_slot {
            2 * POINTER
        } else {
            0
        };
        Self {
            layout: rules.layout,
            lg_quantum: rules.lg_quantum,
            main_entry: DICT_ENTRY + links,
            shapes: Vec::new(),
        }
    }

    /// The number of `shape`; the same shape has the same number.
    ///
    /// # Panics
    /// Beyond 255 different shapes.
    pub(crate) fn register(&mut self, shape: Shape) -> ShapeId {
        let known = self.shapes.iter().position(|known| known.shape == shape);
        let place = known.unwrap_or_else(|| {
            self.shapes.push(self.shape_cost(shape));
            self.shapes.len() - 1
        });
        ShapeId(u8::try_from(place).expect("at most 256 shapes"))
    }

    pub(super) const fn layout(&self) -> Layout {
        self.layout
    }

    /// The shape of that number.
    pub(crate) fn shape(&self, id: ShapeId) -> Shape {
        self.shapes[usize::from(id.0)].shape
    }

    fn shape_cost(&self, shape: Shape) -> ShapeCost {
        let key = u64::from(shape.key_length);
        let fixed = match self.layout {
            Layout::Separate => self.block(self.main_entry) + self.block(sds(key)),
            Layout::KeyInEntry => self.block(17 + sds(key)),
            Layout::KeyInObject | Layout::ValueInObject => 0,
        };
        // The command's name, the key, and for a TTL "PX" and its digits; their array.
        let arguments =
            self.string(3) + self.string(key) + self.string(2) + self.string(5) + self.block(40);
        let (table, arguments) = match shape.kind {
            ShapeKind::String | ShapeKind::Counter { .. } => (0, arguments),
            ShapeKind::Set { .. } => (
                0,
                self.string(4) + self.string(key) + self.block(3 * POINTER),
            ),
            ShapeKind::SortedSet { member_length } => {
                (0, arguments + self.string(member_length.into()))
            }
            ShapeKind::Hash {
                fields,
                field_length,
            } => {
                let names = u64::from(fields) * self.string(field_length.into());
                let array = self.block(POINTER * (2 + 2 * u64::from(fields)));
                (
                    self.hash_table(fields),
                    self.string(4) + self.string(key) + names + array,
                )
            }
        };
        ShapeCost {
            shape,
            fixed,
            table,
            member: match shape.kind {
                ShapeKind::SortedSet { member_length } => self.member(member_length.into()),
                _ => 0.0,
            },
            arguments,
        }
    }

    /// The block that holds `n` bytes: multiples of the quantum, then four sizes per doubling.
    #[inline]
    pub(super) fn block(&self, n: u64) -> u64 {
        if n <= 8 {
            return n.next_multiple_of(8);
        }
        let shift = self.lg_quantum.max((n - 1).ilog2().saturating_sub(2));
        (((n - 1) >> shift) + 1) << shift
    }

    /// A string object as a command's argument, or as a value in Redis.
    #[inline]
    fn string(&self, n: u64) -> u64 {
        if n <= EMBEDDED_STRING {
            self.block(OBJECT + 3 + n + 1)
        } else {
            self.block(OBJECT) + self.value_sds(n)
        }
    }

    /// A value in a block of its own, whose header has at least 3 bytes.
    #[inline]
    fn value_sds(&self, n: u64) -> u64 {
        self.block(sds_header(n).max(3) + n + 1)
    }

    /// What a command that stores `bytes` holds when it begins: eviction makes room for its
    /// arguments, the value among them, before it runs.
    #[inline]
    pub(crate) fn in_flight(&self, shape: ShapeId, bytes: u32) -> u64 {
        let cost = &self.shapes[usize::from(shape.0)];
        cost.arguments
            + match cost.shape.kind {
                ShapeKind::String | ShapeKind::Set { .. } => self.string(bytes.into()),
                // The increment, which is short.
                ShapeKind::SortedSet { .. } | ShapeKind::Counter { .. } => self.string(1),
                ShapeKind::Hash { fields, .. } => {
                    u64::from(fields) * self.string(u64::from(bytes / fields.max(1)))
                }
            }
    }

    /// All that a key with a value of `bytes` allocates; the hash tables' buckets aside.
    #[inline]
    pub(crate) fn key(&self, shape: ShapeId, bytes: u32, ttl: bool) -> u64 {
        let cost = &self.shapes[usize::from(shape.0)];
        let bytes = u64::from(bytes);
        match self.layout {
            Layout::Separate | Layout::KeyInEntry => {
                let expires_entry = if ttl { self.block(DICT_ENTRY) } else { 0 };
                let value = match cost.shape.kind {
                    ShapeKind::String => self.string(bytes),
                    ShapeKind::Hash { .. } => self.block(OBJECT) + self.hash(cost, bytes),
                    ShapeKind::Set { member } => self.block(OBJECT) + self.set(member, bytes),
                    ShapeKind::SortedSet { .. } => {
                        self.block(OBJECT) + self.sorted_set(cost, bytes)
                    }
                    ShapeKind::Counter { shared } => {
                        if shared && bytes < SHARED_NUMBERS {
                            0
                        } else {
                            self.block(OBJECT)
                        }
                    }
                };
                cost.fixed + value + expires_entry
            }
            Layout::KeyInObject | Layout::ValueInObject => self.key_in_object(cost, bytes, ttl),
        }
    }

    fn key_in_object(&self, cost: &ShapeCost, bytes: u64, ttl: bool) -> u64 {
        let length = u64::from(cost.shape.key_length);
        let key = 1 + sds(length);
        let expiry = if ttl { POINTER } else { 0 };
        let reserved = if ttl || length >= 128 { POINTER } else { 0 };
        let object = self.block(OBJECT + reserved + key);
        match cost.shape.kind {
            ShapeKind::Hash { .. } => return object + self.hash(cost, bytes),
            ShapeKind::Set { member } => return object + self.set(member, bytes),
            ShapeKind::SortedSet { .. } => return object + self.sorted_set(cost, bytes),
            // The number stands in the object in place of a pointer.
            ShapeKind::Counter { .. } => return object,
            ShapeKind::String => {}
        }
        let embedded = 3 + bytes + 1;
        if self.layout == Layout::ValueInObject {
            if bytes < 256 && POINTER + key + expiry + embedded <= 128 {
                return self.block(POINTER + key + expiry + embedded.max(8));
            }
        } else if OBJECT + key + expiry + embedded <= 64 {
            return self.block(OBJECT + key + expiry + embedded);
        }
        object + self.value_sds(bytes)
    }

    /// The body of a hash, its object aside.
    fn hash(&self, cost: &ShapeCost, bytes: u64) -> u64 {
        let ShapeKind::Hash {
            fields,
            field_length,
        } = cost.shape.kind
        else {
            return 0;
        };
        let (count, name) = (u64::from(fields), u64::from(field_length));
        let value = bytes / count.max(1);
        if fields <= LISTPACK_ENTRIES && name.max(value) <= LISTPACK_VALUE {
            return self.block(7 + count * (listpack_entry(name) + listpack_entry(value)));
        }
        let field = match self.layout {
            Layout::Separate | Layout::KeyInEntry => {
                self.block(DICT_ENTRY) + self.block(sds(name)) + self.value_sds(value)
            }
            Layout::KeyInObject | Layout::ValueInObject => {
                let together = sds(name) + 3 + value + 1;
                if self.block(together) <= 128 {
                    self.block(together + 1)
                } else {
                    self.block(sds(name) + POINTER) + self.block(sds(value))
                }
            }
        };
        cost.table + count * field
    }

    /// The body of a set of members of `member` bytes, a hash table from the first on: smaller
    /// encodings hold numbers alone in Redis 7.0 (`setTypeCreate`), and later ones few members.
    fn set(&self, member: u32, bytes: u64) -> u64 {
        let member = u64::from(member.max(1));
        let count = (bytes / member).max(1);
        let entry = match self.layout {
            Layout::Separate | Layout::KeyInEntry => self.block(DICT_ENTRY),
            Layout::KeyInObject | Layout::ValueInObject => 0,
        };
        let fields = u32::try_from(count).unwrap_or(u32::MAX);
        self.hash_table(fields) + count * (entry + self.block(sds(member)))
    }

    /// Structure and buckets of a hash of `fields` fields that one HSET built.
    pub(super) fn hash_table(&self, fields: u32) -> u64 {
        match self.layout {
            Layout::Separate | Layout::KeyInEntry => {
                let size = u64::from(fields).max(4).next_power_of_two();
                let old = size / 2;
                // Each insertion behind the growth moved one bucket, or looked at ten empty
                // ones: the old table is still there until it has been walked.
                let moving = fields > 4
                    && size > 4
                    && 100 * ((u64::from(fields).saturating_sub(old)) * 2) < 64 * old + 100;
                self.block(56) + POINTER * (size + if moving { old } else { 0 })
            }
            Layout::KeyInObject | Layout::ValueInObject => {
                let mut buckets = 1;
                while 7 * buckets < fields {
                    buckets *= 2;
                }
                let children = if buckets > 1 {
                    expected_children(f64::from(fields) / f64::from(buckets))
                } else {
                    0.0
                };
                let structure = if self.layout == Layout::ValueInObject {
                    96
                } else {
                    80
                };
                let buckets = 64 * u64::from(buckets);
                structure + buckets + (buckets as f64 * children) as u64
            }
        }
    }
}

/// Bytes of the header of an sds string of `n` bytes.
#[inline]
const fn sds_header(n: u64) -> u64 {
    match n {
        0..32 => 1,
        32..256 => 3,
        256..65_536 => 5,
        _ => 9,
    }
}

/// Bytes of an sds string with header and final zero.
#[inline]
pub(super) const fn sds(n: u64) -> u64 {
    sds_header(n) + n + 1
}

/// Bytes of a string of `n` bytes in a listpack.
pub(super) const fn listpack_entry(n: u64) -> u64 {
    let encoded = n + match n {
        0..64 => 1,
        64..4096 => 2,
        _ => 5,
    };
    encoded
        + match encoded {
            0..128 => 1,
            128..16_384 => 2,
            _ => 3,
        }
}

/// Expected child buckets of a bucket of Valkey's hash table when `mean` keys fall into each:
/// a bucket takes 7 keys, or 6 and a pointer to a child.
fn expected_children(mean: f64) -> f64 {
    let mut probability = libm::exp(-mean);
    let mut sum = 0.0;
    for n in 0u32..200 {
        if n > 7 {
            sum += probability * f64::from((n - 7).div_ceil(6));
        }
        probability *= mean / f64::from(n + 1);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::store::{Allocator, Engine};

    fn costs(engine: Engine, allocator: Allocator) -> Costs {
        Costs::new(&EngineRules::of(engine, allocator), false)
    }

    /// The table of jemalloc's size classes (jemalloc(3), "SIZE CLASSES").
    #[test]
    fn blocks_are_size_classes() {
        let classes = [
            8u64, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448,
            512, 640, 768, 896, 1024, 1280, 1536, 1792, 2048, 2560, 3072, 3584, 4096, 5120,
        ];
        let bundled = costs(Engine::Redis70, Allocator::Bundled);
        let debian = costs(Engine::Redis70, Allocator::Debian);
        for n in 1..=5120 {
            let expected = *classes.iter().find(|&&class| class >= n).unwrap();
            assert_eq!(bundled.block(n), expected, "{n} bytes, quantum 8");
            let expected = *classes
                .iter()
                .find(|&&c| c >= n && ![24, 40, 56].contains(&c))
                .unwrap();
            assert_eq!(debian.block(n), expected, "{n} bytes, quantum 16");
        }
        assert_eq!(bundled.block(0), 0);
    }
}
