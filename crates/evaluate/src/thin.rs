//! Fewer points of a curve, of the same area.

/// Part of a step in which a point may be taken: a little over half, so that reaches overlap.
const REACH: f64 = 0.6;

/// A curve with its length and the area under it up to each point.
struct Path<'a> {
    points: &'a [[f64; 2]],
    lengths: Vec<f64>,
    areas: Vec<f64>,
}

/// At most `most` of the curve's points by number, ascending, its ends among them. They lie at
/// even steps of |Δx| + |Δy|; around each step the point is taken that best makes up for the area
/// lost or won before, so the whole area is off by less than one step's.
pub(crate) fn thinned(points: &[[f64; 2]], most: usize) -> Vec<usize> {
    if points.len() <= most.max(2) {
        return (0..points.len()).collect();
    }
    let path = Path::new(points);
    let step = path.lengths[points.len() - 1] / (most.max(2) - 1) as f64;
    let (mut kept, mut last, mut drift) = (vec![0], 0, 0.0);
    for number in 1..most.max(2) - 1 {
        if let Some(next) = path.near(number as f64 * step, step, last, drift) {
            drift += path.excess(last, next);
            last = next;
            kept.push(next);
        }
    }
    kept.push(points.len() - 1);
    kept
}

impl<'a> Path<'a> {
    fn new(points: &'a [[f64; 2]]) -> Self {
        let (mut length, mut area) = (0.0, 0.0);
        let (mut lengths, mut areas) = (vec![0.0], vec![0.0]);
        for pair in points.windows(2) {
            length += (pair[1][0] - pair[0][0]).abs() + (pair[1][1] - pair[0][1]).abs();
            area += trapezoid(pair[0], pair[1]);
            lengths.push(length);
            areas.push(area);
        }
        Self { points, lengths, areas }
    }

    /// The best point between `last` and the end within reach of `length`, or else the
    /// nearest one beside it.
    fn near(&self, length: f64, step: f64, last: usize, drift: f64) -> Option<usize> {
        let from = self.lengths.partition_point(|at| *at < length - REACH * step);
        let to = self.lengths.partition_point(|at| *at <= length + REACH * step);
        let inside = |point: &usize| (last + 1..self.points.len() - 1).contains(point);
        let off = |point: &usize| (drift + self.excess(last, *point)).abs();
        let best = (from..to).filter(inside).min_by(|a, b| off(a).total_cmp(&off(b)));
        let away = |point: &usize| (self.lengths[*point] - length).abs();
        best.or_else(|| {
            let beside = [from.saturating_sub(1), to].into_iter().filter(inside);
            beside.min_by(|a, b| away(a).total_cmp(&away(b)))
        })
    }

    /// What the straight line between two points has more than the curve.
    fn excess(&self, from: usize, to: usize) -> f64 {
        trapezoid(self.points[from], self.points[to]) - (self.areas[to] - self.areas[from])
    }
}

fn trapezoid(from: [f64; 2], to: [f64; 2]) -> f64 {
    (to[0] - from[0]) * f64::midpoint(from[1], to[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn area(points: &[[f64; 2]]) -> f64 {
        points.windows(2).map(|pair| trapezoid(pair[0], pair[1])).sum()
    }

    fn off(points: &[[f64; 2]], most: usize) -> f64 {
        let kept: Vec<_> = thinned(points, most).into_iter().map(|point| points[point]).collect();
        (area(&kept) - area(points)).abs()
    }

    #[test]
    fn a_short_curve_stays_whole() {
        assert_eq!(thinned(&[[0.0, 0.0], [0.5, 1.0], [1.0, 1.0]], 3), [0, 1, 2]);
        assert!(thinned(&[], 3).is_empty());
    }

    #[test]
    fn even_stairs_keep_their_area() {
        // Every inner corner left out on the same side would cost 2.5 thousandths.
        for steps in [150, 199, 200, 398, 1000] {
            let at = |number: usize| number as f64 / f64::from(steps);
            let corner = |number| [[at(number), at(number)], [at(number), at(number + 1)]];
            let points: Vec<_> = (0..steps as usize).flat_map(corner).chain([[1.0, 1.0]]).collect();
            assert!(off(&points, 200) < 1e-4, "{steps}: {}", off(&points, 200));
        }
    }

    proptest! {
        #[test]
        fn ends_stay_points_are_few_and_the_area_holds(
            moves in proptest::collection::vec((0.0_f64..1.0, any::<bool>()), 3..2000),
        ) {
            let total = moves.iter().map(|(length, _)| length).sum::<f64>();
            let mut points = vec![[0.0, 0.0]];
            for (length, up) in moves {
                let [x, y] = points[points.len() - 1];
                let way = 2.0 * length / total;
                points.push(if up { [x, y + way] } else { [x + way, y] });
            }
            let kept = thinned(&points, 200);
            prop_assert!(kept.len() <= 200 && kept.is_sorted_by(|a, b| a < b));
            prop_assert_eq!((kept[0], kept[kept.len() - 1]), (0, points.len() - 1));
            prop_assert!(off(&points, 200) < 2e-4);
        }
    }
}
