//! What the crate promises: torchvision's values and gradients, formulas worked out by hand, and errors for
//! bad input.

mod boxes;
mod coding;
mod cuda;
mod default_boxes;
mod matching;
mod nms;
mod refused;
mod regions;
mod support;
