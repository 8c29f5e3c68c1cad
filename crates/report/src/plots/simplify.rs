//! Curves with no more points than the eye can tell apart.

/// Drops the points that lie within `tolerance` of the line through those that stay
/// (Ramer 1972, Douglas and Peucker 1973). Both ends stay.
pub(crate) fn simplify(points: &[[f64; 2]], tolerance: f64) -> Vec<[f64; 2]> {
    let mut keep = vec![false; points.len()];
    let mut spans = vec![(0, points.len().saturating_sub(1))];
    while let Some((first, last)) = spans.pop() {
        for end in [first, last] {
            if let Some(keep) = keep.get_mut(end) {
                *keep = true;
            }
        }
        if let Some((middle, distance)) = farthest(points, first, last)
            && distance > tolerance
        {
            spans.extend([(first, middle), (middle, last)]);
        }
    }
    points.iter().zip(keep).filter_map(|(point, keep)| keep.then_some(*point)).collect()
}

/// Of the points between two, the one that lies farthest from the line between them.
fn farthest(points: &[[f64; 2]], first: usize, last: usize) -> Option<(usize, f64)> {
    let (from, to) = (points.get(first)?, points.get(last)?);
    let between = points.iter().enumerate().take(last).skip(first + 1);
    between
        .map(|(at, point)| (at, distance(*point, *from, *to)))
        .max_by(|one, other| one.1.total_cmp(&other.1))
}

/// From a point to the line between two, or to the first where the two are one.
fn distance(point: [f64; 2], from: [f64; 2], to: [f64; 2]) -> f64 {
    let along = [to[0] - from[0], to[1] - from[1]];
    let away = [point[0] - from[0], point[1] - from[1]];
    let length = along[0].hypot(along[1]);
    if length == 0.0 {
        return away[0].hypot(away[1]);
    }
    (along[0] * away[1] - along[1] * away[0]).abs() / length
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_straight_line_keeps_its_ends() {
        let line: Vec<_> = (0..100).map(|x| [f64::from(x), 2.0 * f64::from(x)]).collect();
        assert_eq!(simplify(&line, 0.1), [[0.0, 0.0], [99.0, 198.0]]);
        assert!(simplify(&[], 0.1).is_empty());
        assert_eq!(simplify(&[[1.0, 2.0]], 0.1), [[1.0, 2.0]]);
    }

    #[test]
    fn a_corner_stays() {
        let step = [[0.0, 0.0], [0.0, 5.0], [0.0, 10.0], [10.0, 10.0]];
        assert_eq!(simplify(&step, 0.1), [[0.0, 0.0], [0.0, 10.0], [10.0, 10.0]]);
    }

    proptest! {
        #[test]
        fn no_dropped_point_lies_farther_than_the_tolerance(
            steps in proptest::collection::vec((0.0_f64..3.0, 0.0_f64..3.0), 2..60),
        ) {
            let points: Vec<_> = steps.iter().scan([0.0, 0.0], |at, step| {
                *at = [at[0] + step.0, at[1] + step.1];
                Some(*at)
            }).collect();
            let kept = simplify(&points, 0.5);
            for point in &points {
                let nearest = kept.windows(2).map(|two| distance(*point, two[0], two[1]));
                prop_assert!(nearest.fold(f64::INFINITY, f64::min) <= 0.5 + 1e-9);
            }
        }
    }
}
