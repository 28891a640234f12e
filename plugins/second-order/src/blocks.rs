//! Block-diagonal inverses: which weights are in a block together.

use secateur_sdk::prelude::*;

use crate::inverse::Inverse;
use crate::recursion::Recursion;
use crate::woodbury::Woodbury;

/// Working memory of one batch of blocks in [`Blocks::matrix_free`], in numbers.
const BATCH_NUMBERS: i64 = 8 << 20;

/// Consecutive pieces of the vector of weights, each with an inverse of its own.
pub(crate) struct Blocks {
    /// Number of weights and inverse of each piece.
    pieces: Vec<(i64, Box<dyn Inverse>)>,
}

impl Blocks {
    /// Blocks of at most `block` weights within each parameter (WoodFisher), from gradients f32 `[N, n]` and the
    /// numbers of weights of the parameters. The gradients stay, as the blocks read them.
    ///
    /// # Errors
    /// As [`Woodbury::new`].
    pub(crate) fn within(gradients: &Tensor, sizes: &[i64], block: i64, damp: f64) -> Result<Self> {
        let mut pieces: Vec<(i64, Box<dyn Inverse>)> = Vec::new();
        let mut start = 0;
        for size in sizes {
            let end = start + size;
            while start < end {
                let length = block.min(end - start);
                let inverse = Woodbury::new(gradients.f_narrow(1, start, length)?, damp)?;
                pieces.push((length, Box::new(inverse)));
                start += length;
            }
        }
        Ok(Self { pieces })
    }

    /// Blocks of `block` weights of the whole vector, across parameters, and a smaller one at the end (M-FAC), from
    /// gradients f32 `[N, n]`; 0 is one block of everything.
    ///
    /// # Errors
    /// As [`Recursion::new`].
    pub(crate) fn matrix_free(gradients: Tensor, block: i64, damp: f64) -> Result<Self> {
        let (count, total) = gradients.size2()?;
        let block = if block == 0 { total } else { block.min(total) };
        let together = (BATCH_NUMBERS / (count * block).max(1)).max(1);
        let mut pieces: Vec<(i64, Box<dyn Inverse>)> = Vec::new();
        let mut start = 0;
        while start < total {
            let left = total - start;
            let (length, block) =
                if left < block { (left, left) } else { ((left / block).min(together) * block, block) };
            let inverse = Recursion::new(&gradients.f_narrow(1, start, length)?, block, damp)?;
            pieces.push((length, Box::new(inverse)));
            start += length;
        }
        Ok(Self { pieces })
    }
}

impl Inverse for Blocks {
    fn diagonal(&self) -> Result<Tensor> {
        let parts: Result<Vec<Tensor>> = self.pieces.iter().map(|(_, inverse)| inverse.diagonal()).collect();
        Ok(Tensor::f_cat(&parts?, 0)?)
    }

    fn times(&self, vector: &Tensor) -> Result<Tensor> {
        let mut start = 0;
        let mut parts = Vec::with_capacity(self.pieces.len());
        for (length, inverse) in &self.pieces {
            parts.push(inverse.times(&vector.f_narrow(0, start, *length)?)?);
            start += length;
        }
        Ok(Tensor::f_cat(&parts, 0)?)
    }
}
