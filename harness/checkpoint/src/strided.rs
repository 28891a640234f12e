//! Gathers a strided view of a storage into contiguous bytes.

use crate::error::ParseError;
use crate::tensor::{Dtype, TensorData, numel};

/// A view of a storage; all lengths are in elements.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// First element.
    pub(crate) offset: usize,
    /// Shape.
    pub(crate) shape: Vec<usize>,
    /// Distance between neighbours along each dimension; 0 repeats one element.
    pub(crate) strides: Vec<usize>,
}

impl View {
    /// Bytes of the contiguous copy.
    pub(crate) fn bytes(&self, dtype: Dtype) -> Result<usize, ParseError> {
        numel(&self.shape)
            .and_then(|numel| numel.checked_mul(dtype.size()))
            .ok_or_else(|| ParseError::TooLarge(format!("a tensor of shape {:?}", self.shape)))
    }

    /// Copies the elements that the view sees out of `storage`, in row-major order.
    pub(crate) fn gather(&self, dtype: Dtype, storage: &[u8]) -> Result<TensorData, ParseError> {
        let size = dtype.size();
        let total = self.bytes(dtype)?;
        let mut bytes = Vec::with_capacity(total);
        if total > 0 {
            let end = self.end()?;
            let available = storage.len() / size;
            if end > available {
                return Err(ParseError::invalid(format!(
                    "shape {:?} with strides {:?} at offset {} reaches element {end} of a storage of {available}",
                    self.shape, self.strides, self.offset
                )));
            }
            self.copy(size, storage, &mut bytes);
        }
        Ok(TensorData { dtype, shape: self.shape.clone(), bytes })
    }

    /// One past the last element that the view sees; the view is not empty.
    fn end(&self) -> Result<usize, ParseError> {
        let span = |last: usize, (&size, &stride): (&usize, &usize)| {
            last.checked_add((size - 1).checked_mul(stride)?)
        };
        self.shape
            .iter()
            .zip(&self.strides)
            .try_fold(self.offset, span)
            .and_then(|last| last.checked_add(1))
            .ok_or_else(|| ParseError::invalid(format!("strides {:?} overflow", self.strides)))
    }

    /// The copy itself; all elements are known to be in the storage.
    fn copy(&self, size: usize, storage: &[u8], bytes: &mut Vec<u8>) {
        // Inner dimensions that lie in a row are copied at once; for a contiguous tensor that is everything.
        let mut outer = self.shape.len();
        let mut run = 1;
        while outer > 0 && (self.strides[outer - 1] == run || self.shape[outer - 1] == 1) {
            run *= self.shape[outer - 1];
            outer -= 1;
        }
        let mut index = vec![0; outer];
        let mut at = self.offset;
        loop {
            bytes.extend_from_slice(&storage[at * size..(at + run) * size]);
            // Count up like an odometer, last dimension first.
            let mut axis = outer;
            loop {
                if axis == 0 {
                    return;
                }
                axis -= 1;
                index[axis] += 1;
                at += self.strides[axis];
                if index[axis] < self.shape[axis] {
                    break;
                }
                at -= self.strides[axis] * self.shape[axis];
                index[axis] = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Shapes and strides of any kind, also overlapping and empty ones, with an offset.
    fn views() -> impl Strategy<Value = View> {
        let dims = prop::collection::vec((0_usize..4, 0_usize..9), 0..5);
        (dims, 0_usize..7).prop_map(|(dims, offset)| {
            let (shape, strides) = dims.into_iter().unzip();
            View { offset, shape, strides }
        })
    }

    proptest! {
        /// Each element is the one that the definition of strides names, or the view is refused.
        #[test]
        fn gather_follows_the_definition(view in views(), length in 0_usize..120) {
            let storage: Vec<u8> = (0..length as i16).flat_map(i16::to_le_bytes).collect();
            let total: usize = view.shape.iter().product();
            let mut expected = Vec::new();
            for flat in 0..total {
                let mut rest = flat;
                let mut at = view.offset;
                for (size, stride) in view.shape.iter().zip(&view.strides).rev() {
                    at += rest % size * stride;
                    rest /= size;
                }
                expected.push(at);
            }
            let inside = expected.iter().all(|&at| at < length);
            match view.gather(Dtype::I16, &storage) {
                Ok(tensor) => {
                    prop_assert!(inside);
                    let bytes: Vec<u8> = expected.iter().flat_map(|&at| (at as i16).to_le_bytes()).collect();
                    prop_assert_eq!(tensor.bytes, bytes);
                    prop_assert_eq!(tensor.shape, view.shape);
                }
                Err(error) => prop_assert!(!inside, "{}", error),
            }
        }
    }

    #[test]
    fn huge_strides_are_refused() {
        for strides in [vec![usize::MAX], vec![usize::MAX / 2]] {
            let view = View { offset: 3, shape: vec![3], strides };
            assert!(view.gather(Dtype::F32, &[0; 64]).is_err());
        }
        let view = View { offset: 0, shape: vec![usize::MAX, usize::MAX], strides: vec![0, 0] };
        assert!(matches!(view.gather(Dtype::F32, &[0; 64]), Err(ParseError::TooLarge(_))));
    }
}
