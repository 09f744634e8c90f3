//! The mean of several sets of parameters of one model.

use std::sync::Arc;

use tensor::{DType, Tensor};

use crate::error::Error;
use crate::layout::Layout;
use crate::params::Params;

/// The mean of several sets of parameters, element by element (Vaswani et al. 2017, §6.1: of the last checkpoints of a
/// run). Sums are taken in f64, in the order given; none of the sets is kept.
///
/// ```
/// use nn::{Average, Params};
/// use tensor::{DType, Tensor};
///
/// let set = |value: f32| {
///     let mut params = Params::new(DType::F32);
///     params.add("weight", Tensor::from([value]));
///     params
/// };
/// let mut average = Average::new(&set(1.0));
/// average.add(&set(4.0))?;
/// let mean = average.mean();
/// assert_eq!(mean.get(mean.id("weight").unwrap()), &Tensor::from([2.5f32]));
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Average {
    layout: Arc<Layout>,
    dtype: DType,
    /// In f64, parallel to the parameters.
    sums: Vec<Tensor>,
    count: usize,
}

impl Average {
    /// The first set. The mean will be of its dtype.
    pub fn new(first: &Params) -> Self {
        let sums = first.iter().map(|(_, _, value)| value.to_dtype(DType::F64)).collect();
        Average { layout: Arc::clone(first.layout()), dtype: first.dtype(), sums, count: 1 }
    }

    /// One more set.
    ///
    /// # Errors
    /// [`Error::OtherModel`] if it is not of the same model. The mean is as before then.
    pub fn add(&mut self, params: &Params) -> Result<(), Error> {
        if *self.layout != **params.layout() {
            return Err(Error::OtherModel { difference: self.layout.difference(params.layout()) });
        }
        for (sum, (_, _, value)) in self.sums.iter_mut().zip(params.iter()) {
            sum.add_assign(&value.to_dtype(DType::F64));
        }
        self.count += 1;
        Ok(())
    }

    /// How many sets there were.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Their mean, all of it trainable.
    pub fn mean(self) -> Params {
        let count = Tensor::scalar(self.count as f64); // to divide by: n times 1/n is not 1 for every n
        let means = self.sums.into_iter().map(|sum| sum.div(&count).to_dtype(self.dtype));
        Params::from_values(&self.layout, means, self.dtype)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(weight: [f32; 2], bias: f32) -> Params {
        let mut params = Params::new(DType::F32);
        params.add("weight", Tensor::from(weight));
        params.add("bias", Tensor::from([bias]));
        params
    }

    fn values(params: &Params) -> Vec<f64> {
        params.iter().flat_map(|(_, _, value)| value.to_f64_vec()).collect()
    }

    #[test]
    fn the_mean_is_taken_of_every_element() {
        let mut average = Average::new(&set([1.0, -2.0], 3.0));
        average.add(&set([2.0, -4.0], 3.0)).unwrap();
        average.add(&set([6.0, 0.0], 6.0)).unwrap();
        let mean = average.mean();
        assert_eq!((values(&mean), mean.dtype()), (vec![3.0, -2.0, 4.0], DType::F32));
        assert!(mean.layout() == set([0.0, 0.0], 0.0).layout());
    }

    #[test]
    fn the_mean_of_one_is_itself_to_the_bit() {
        let one = set([0.1, f32::MIN_POSITIVE], -7.3);
        assert_eq!(values(&Average::new(&one).mean()), values(&one));
    }

    #[test]
    fn the_mean_of_any_number_of_equals_is_each_of_them() {
        for count in [3, 49, 98, 103] {
            let one = set([0.1, 1.0], 7.3).to_dtype(DType::F64);
            let mut average = Average::new(&one);
            (1..count).for_each(|_| average.add(&one).unwrap());
            assert_eq!(values(&average.mean())[1], 1.0, "of {count}");
        }
    }

    /// In f32 the two small ones would be lost one after the other.
    #[test]
    fn sums_are_taken_in_f64() {
        let small = f32::EPSILON / 2.0;
        let mut average = Average::new(&set([1.0; 2], 1.0));
        for value in [small, small, 0.0] {
            average.add(&set([value; 2], value)).unwrap();
        }
        assert_eq!(values(&average.mean()), [f64::from((1.0 + f32::EPSILON) / 4.0); 3]);
    }

    #[test]
    fn parameters_of_another_model_change_nothing() {
        let mut average = Average::new(&set([1.0; 2], 1.0));
        let mut longer = set([5.0; 2], 5.0);
        longer.add("more", Tensor::from([1.0f32]));
        let problem = average.add(&longer).unwrap_err().to_string();
        assert_eq!(problem, "these parameters are of another model: 3 instead of 2 parameters");
        assert_eq!((average.count(), values(&average.mean())), (1, vec![1.0; 3]));
    }
}
