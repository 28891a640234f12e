//! Layer-wise counts of the Erdős–Rényi kernel as RigL's own code rounds them.

/// Density of each layer: `epsilon * sum(shape) / prod(shape)`, with epsilon such that the densities leave as many
/// weights as a uniform `sparsity` would; layers beyond a density of 1 become dense, and epsilon is solved for again
/// (Evci et al., arXiv 1911.11134, section 3). Zeros are counted as `floor(sparsity * size)` in each layer.
pub(crate) fn densities(shapes: &[&[i64]], sparsity: f64) -> Vec<f64> {
    let sizes: Vec<u64> = shapes.iter().map(|shape| size(shape)).collect();
    let raw: Vec<f64> =
        shapes.iter().map(|shape| shape.iter().sum::<i64>() as f64 / size(shape) as f64).collect();
    let mut dense = vec![false; shapes.len()];
    loop {
        let (mut room, mut divisor) = (0.0, 0.0);
        for layer in 0..shapes.len() {
            let zeros = zeros(sizes[layer], sparsity);
            if dense[layer] {
                room -= zeros;
            } else {
                room += sizes[layer] as f64 - zeros;
                divisor += raw[layer] * sizes[layer] as f64;
            }
        }
        let epsilon = if divisor == 0.0 { 0.0 } else { room / divisor };
        // Dense layers leave less for the others than a uniform density would, but never a smaller epsilon, so that all
        // layers beyond 1 can become dense at once.
        let beyond: Vec<usize> =
            (0..shapes.len()).filter(|layer| !dense[*layer] && raw[*layer] * epsilon > 1.0).collect();
        if beyond.is_empty() {
            let density = |(raw, dense): (&f64, &bool)| if *dense { 1.0 } else { raw * epsilon };
            return raw.iter().zip(&dense).map(density).collect();
        }
        for layer in beyond {
            dense[layer] = true;
        }
    }
}

/// Weights that each layer keeps: all but `floor((1 - density) * size)`.
pub(crate) fn counts(shapes: &[&[i64]], sparsity: f64) -> Vec<u64> {
    let densities = densities(shapes, sparsity);
    let kept = |(shape, density): (&&[i64], &f64)| size(shape) - zeros(size(shape), 1.0 - density) as u64;
    shapes.iter().zip(&densities).map(kept).collect()
}

fn size(shape: &[i64]) -> u64 {
    shape.iter().product::<i64>() as u64
}

fn zeros(size: u64, sparsity: f64) -> f64 {
    (sparsity * size as f64).floor().max(0.0)
}
