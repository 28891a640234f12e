//! Scores of channels, as a plugin would compute them.

use secateur_engine::Model;
use secateur_network::channels::{Groups, Side, TensorId};
use tch::{Kind, Tensor};

/// The sum of absolute values of each unit's filters, for every group that may lose units.
///
/// # Errors
/// Fails if libtorch does.
pub fn filter_norms(model: &Model, groups: &Groups) -> Result<Vec<Vec<f64>>, tch::TchError> {
    let mut scores = Vec::with_capacity(groups.all().len());
    for group in groups.all() {
        let mut units = vec![0.0; group.units];
        for member in group.members.iter().filter(|member| member.side == Side::Out) {
            let TensorId::Param(id) = member.tensor else { continue };
            let weight = model.param(id).detach();
            if weight.dim() < 2 || group.protection.is_some() {
                continue;
            }
            let others: Vec<i64> = (0..weight.dim() as i64).filter(|dim| *dim != member.dim as i64).collect();
            let norms: Tensor = weight.f_norm_scalaropt_dim(1.0, &others[..], false)?;
            let norms = Vec::<f64>::try_from(norms.f_to_kind(Kind::Double)?)?;
            for (unit, score) in units.iter_mut().enumerate() {
                *score += member.entries(unit).map(|entry| norms[entry]).sum::<f64>();
            }
        }
        scores.push(units);
    }
    Ok(scores)
}
