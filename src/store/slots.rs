//! Hash slots: which node of a cluster owns a key.

/// Number of hash slots of a cluster (Redis cluster specification).
pub const SLOTS: u16 = 16_384;

/// CRC16 of the XMODEM variant: polynomial 0x1021, initial value 0, no reflection.
const CRC16: [u16; 256] = {
    let mut table = [0u16; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ 0x1021
            };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

const fn crc16(bytes: &[u8]) -> u16 {
    let mut crc = 0u16;
    let mut at = 0;
    while at < bytes.len() {
        crc = (crc << 8) ^ CRC16[((crc >> 8) as u8 ^ bytes[at]) as usize];
        at += 1;
    }
    crc
}

/// The slot of a key: CRC16 of its name modulo 16384. If the name contains `{`, and a `}` behind
/// it with something between, only what stands between the first such pair counts (a hash tag).
#[must_use]
pub fn hash_slot(name: &[u8]) -> u16 {
    let tag = name.iter().position(|&byte| byte == b'{').and_then(|open| {
        let rest = &name[open + 1..];
        let close = rest.iter().position(|&byte| byte == b'}')?;
        (close > 0).then(|| &rest[..close])
    });
    crc16(tag.unwrap_or(name)) % SLOTS
}

/// Which node owns which slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotMap {
    nodes: Vec<u16>,
}

impl SlotMap {
    /// The slots divided evenly among `shards` nodes, in order and with the same rounding (single
    /// precision) as `redis-cli --cluster create`.
    #[must_use]
    pub fn even(shards: u32) -> Self {
        let shards = shards.clamp(1, u32::from(SLOTS));
        let share = f32::from(SLOTS) / shards as f32;
        let mut nodes = Vec::with_capacity(usize::from(SLOTS));
        let mut cursor = 0.0f32;
        for node in 0..shards {
            let last = f64::from(cursor + share - 1.0).round() as usize;
            let last = if node + 1 == shards {
                usize::from(SLOTS) - 1
            } else {
                last
            };
            // A node gets at least one slot.
            let end = (last + 1).max(nodes.len() + 1).min(usize::from(SLOTS));
            nodes.resize(end, node as u16);
            cursor += share;
        }
        Self { nodes }
    }

    /// The node that owns `slot`.
    #[inline]
    pub fn node(&self, slot: u16) -> u16 {
        self.nodes[usize::from(slot)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_of_the_cluster_specification() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
        assert_eq!(hash_slot(b"123456789"), 0x31C3);
    }

    /// Slots that servers print for CLUSTER KEYSLOT (documentation of that command and of the
    /// cluster tutorial).
    #[test]
    fn slots_as_servers_print_them() {
        assert_eq!(hash_slot(b"somekey"), 11_058);
        assert_eq!(hash_slot(b"foo{hash_tag}"), 2_515);
        assert_eq!(hash_slot(b"bar{hash_tag}"), 2_515);
        assert_eq!(hash_slot(b"foo"), 12_182);
        assert_eq!(hash_slot(b""), 0);
    }

    #[test]
    fn hash_tags_as_the_specification_has_them() {
        assert_eq!(hash_slot(b"{user1000}.following"), hash_slot(b"user1000"));
        assert_eq!(hash_slot(b"foo{}{bar}"), crc16(b"foo{}{bar}") % SLOTS);
        assert_eq!(hash_slot(b"foo{{bar}}zap"), crc16(b"{bar") % SLOTS);
        assert_eq!(hash_slot(b"foo{bar}{zap}"), crc16(b"bar") % SLOTS);
        assert_eq!(hash_slot(b"foo{bar"), crc16(b"foo{bar") % SLOTS);
    }

    #[test]
    fn three_shards_as_redis_cli_divides_them() {
        let map = SlotMap::even(3);
        let first = |node| (0..SLOTS).find(|&slot| map.node(slot) == node);
        assert_eq!(
            (first(0), first(1), first(2)),
            (Some(0), Some(5461), Some(10_923))
        );
    }

    #[test]
    fn every_slot_has_a_node_and_every_node_a_slot() {
        for shards in [1, 2, 5, 7, 90, 500, 16_384] {
            let map = SlotMap::even(shards);
            assert_eq!(map.nodes.len(), usize::from(SLOTS));
            assert!(map.nodes.windows(2).all(|pair| pair[1] - pair[0] <= 1));
            assert_eq!(u32::from(map.node(SLOTS - 1)) + 1, shards);
        }
    }
}
