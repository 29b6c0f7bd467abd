//! The Pareto front of two aims: cost, the less the better, and value, the more the better.

/// Indices of the points that no other point beats on both aims, cheapest first.
///
/// A point with a NaN is never on the front; of equal points the first stays.
///
/// ```
/// use rackrate_core::pareto::front;
/// assert_eq!(front(&[1.0, 2.0, 3.0, 2.5], &[10.0, 30.0, 20.0, 40.0]), vec![0, 1, 3]);
/// ```
#[must_use]
pub fn front(cost: &[f64], value: &[f64]) -> Vec<usize> {
    let usable = |&i: &usize| !cost[i].is_nan() && !value[i].is_nan();
    let mut order: Vec<usize> = (0..cost.len().min(value.len())).filter(usable).collect();
    order.sort_by(|&i, &j| cost[i].total_cmp(&cost[j]).then(value[j].total_cmp(&value[i])));
    let mut best = f64::NEG_INFINITY;
    order.retain(|&i| {
        let better = value[i] > best;
        best = best.max(value[i]);
        better
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ties_and_nan() {
        assert_eq!(front(&[1.0, 1.0, 1.0], &[5.0, 5.0, 4.0]), vec![0]);
        assert_eq!(front(&[f64::NAN, 1.0], &[9.0, 1.0]), vec![1]);
        assert!(front(&[], &[]).is_empty());
    }

    proptest! {
        #[test]
        fn nothing_beats_the_front(points in prop::collection::vec((0.0..10.0f64, 0.0..10.0f64), 1..60)) {
            let (cost, value): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
            let chosen = front(&cost, &value);
            prop_assert!(!chosen.is_empty());
            for i in 0..points.len() {
                let beaten = chosen.iter().any(|&j| cost[j] <= cost[i] && value[j] >= value[i]);
                prop_assert!(beaten, "point {i} is beaten by nothing on the front");
            }
            for &i in &chosen {
                prop_assert!(!(0..points.len()).any(|j| cost[j] < cost[i] && value[j] > value[i]));
            }
        }
    }
}
