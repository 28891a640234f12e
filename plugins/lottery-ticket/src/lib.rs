//! Lottery tickets: iterative magnitude pruning with rewinding (Frankle & Carbin, arXiv 1803.03635; late rewinding,
//! arXiv 1903.01611; from a pre-trained network, Chen et al., arXiv 2012.06908; for detectors, Girish et al.,
//! arXiv 2012.04643; searches that end early, You et al., arXiv 1909.11957).

mod config;
mod early_bird;
mod levels;
mod perturb;
#[cfg(test)]
mod tests;
mod ticket;

use ticket::LotteryTicket;

secateur_sdk::export_plugin!(LotteryTicket);
