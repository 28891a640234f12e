//! What the engine promises: PyTorch's values, the same bits every time, and masks that hold.

mod augmentation;
mod channels;
mod contrast;
mod contrastive_losses;
mod cuda;
mod detection;
mod evaluation;
mod forward;
mod lars;
mod masks;
mod options;
mod pattern;
mod published;
mod resnet20;
mod resume;
mod statistics;
mod support;
mod trainer;
mod training;
mod transfer;
mod view_set;
