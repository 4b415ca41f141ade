//! Which axis moves which metric.
//!
//! The points' means are grouped by the values of an axis, and the groups' means compared: the
//! *effect* is the difference between the highest and the lowest, the *share* what the groups
//! explain of all variation between points (the correlation ratio, Fisher 1925). In a grid the
//! shares of axes that act independently of each other add up to one; what is missing is interplay.

use super::analysis::Results;

/// What an axis does to a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// Number of the axis.
    pub axis: usize,
    /// Place of the metric in the catalogue.
    pub metric: usize,
    /// The lowest mean of a group, and its values.
    pub lowest: (f64, String),
    /// The highest.
    pub highest: (f64, String),
    /// Share of the variation between points, 0 to 1.
    pub share: f64,
}

/// Values of an axis with more of them than that are taken together.
const MOST_GROUPS: usize = 8;

impl Results<'_> {
    /// What each axis does to each metric that has values and varies, in the order of axes and of
    /// the catalogue.
    pub fn effects(&self) -> Vec<Effect> {
        let mut effects = Vec::new();
        let means: Vec<Vec<(usize, f64)>> = (0..self.catalogue.len())
            .map(|metric| {
                (0..self.points())
                    .filter_map(|point| Some((point, self.estimate(point, metric)?.mean)))
                    .collect()
            })
            .collect();
        for axis in 0..self.plan.design.spec.axes.len() {
            for (metric, means) in means.iter().enumerate() {
                effects.extend(self.effect(axis, metric, means));
            }
        }
        effects
    }

    fn effect(&self, axis: usize, metric: usize, means: &[(usize, f64)]) -> Option<Effect> {
        let values = &self.plan.design.spec.axes[axis].values;
        let groups = values.len().min(MOST_GROUPS);
        let group_of = |level: usize| level * groups / values.len();
        let mut sums = vec![(0.0, 0u64); groups];
        for (point, mean) in means {
            let level = self.plan.design.levels(*point)[axis] as usize;
            let (sum, count) = &mut sums[group_of(level)];
            *sum += mean;
            *count += 1;
        }
        let all: f64 = means.iter().map(|(_, mean)| mean).sum::<f64>() / means.len() as f64;
        let total: f64 = means
            .iter()
            .map(|(_, mean)| (mean - all) * (mean - all))
            .sum();
        let spread = means
            .iter()
            .any(|(_, mean)| mean.to_bits() != means[0].1.to_bits());
        if !spread {
            return None;
        }
        let found: Vec<(usize, f64, u64)> = sums
            .iter()
            .enumerate()
            .filter(|(_, (_, count))| *count > 0)
            .map(|(group, (sum, count))| (group, sum / *count as f64, *count))
            .collect();
        let between: f64 = found
            .iter()
            .map(|(_, mean, count)| *count as f64 * (mean - all) * (mean - all))
            .sum();
        let named = |group: usize| {
            let mut members = (0..values.len()).filter(|level| group_of(*level) == group);
            let first = members.next().unwrap_or_default();
            match members.next_back() {
                None => values[first].shown().to_owned(),
                Some(last) => format!("{} to {}", values[first].shown(), values[last].shown()),
            }
        };
        let by_mean =
            |one: &&(usize, f64, u64), other: &&(usize, f64, u64)| one.1.total_cmp(&other.1);
        let lowest = found.iter().min_by(by_mean)?;
        let highest = found.iter().max_by(by_mean)?;
        Some(Effect {
            axis,
            metric,
            lowest: (lowest.1, named(lowest.0)),
            highest: (highest.1, named(highest.0)),
            share: (between / total).clamp(0.0, 1.0),
        })
    }

    /// Axes that change no metric at any point, although they change the scenario: all points that
    /// differ in that axis alone have the same records.
    pub fn idle_axes(&self) -> Vec<usize> {
        let axes = self.plan.design.spec.axes.len();
        (0..axes).filter(|axis| self.is_idle(*axis)).collect()
    }

    fn is_idle(&self, axis: usize) -> bool {
        let mut order: Vec<usize> = (0..self.points()).collect();
        let others = |point: usize| {
            let mut levels = self.plan.design.levels(point).to_vec();
            levels[axis] = 0;
            levels
        };
        order.sort_by_cached_key(|point| others(*point));
        let mut pairs = 0;
        for pair in order.windows(2) {
            if others(pair[0]) != others(pair[1]) {
                continue;
            }
            pairs += 1;
            let values = |point: usize| self.records(point).map(|record| &record.values);
            if !values(pair[0]).eq(values(pair[1])) {
                return false;
            }
        }
        pairs > 0
    }
}
