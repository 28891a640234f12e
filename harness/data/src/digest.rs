//! Identities of data, by content.

use crate::{Pictures, Split, TaskData, TaskInfo};

/// Digest of a whole task: what it is, and every picture and label of its splits. BLAKE3, 64 hexadecimal digits.
#[must_use]
pub fn digest(task: &TaskData) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("secateur-data 2026 task");
    add_info(&mut hasher, &task.info);
    for split in Split::ALL {
        add_pictures(&mut hasher, task.split(split));
    }
    hasher.finalize().to_hex().to_string()
}

/// Digest of the pictures and labels of one split. BLAKE3, 64 hexadecimal digits.
#[must_use]
pub fn digest_pictures(pictures: &Pictures) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("secateur-data 2026 pictures");
    add_pictures(&mut hasher, pictures);
    hasher.finalize().to_hex().to_string()
}

// Every part of variable length is preceded by its length, so that no two tasks feed the same bytes.

fn add_text(hasher: &mut blake3::Hasher, text: &str) {
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}

fn add_info(hasher: &mut blake3::Hasher, info: &TaskInfo) {
    for text in [&info.id, &info.title, &info.summary] {
        add_text(hasher, text);
    }
    hasher.update(&info.version.to_le_bytes());
    hasher.update(&(info.classes.len() as u64).to_le_bytes());
    for class in &info.classes {
        add_text(hasher, class);
    }
    add_text(hasher, info.metric.name());
    for values in [&info.mean, &info.std] {
        hasher.update(&(values.len() as u64).to_le_bytes());
        for value in values {
            hasher.update(&value.to_le_bytes());
        }
    }
}

fn add_pictures(hasher: &mut blake3::Hasher, pictures: &Pictures) {
    for length in pictures.shape {
        hasher.update(&(length as u64).to_le_bytes());
    }
    hasher.update(&(pictures.pixels.len() as u64).to_le_bytes());
    hasher.update(&pictures.pixels);
    hasher.update(&(pictures.labels.len() as u64).to_le_bytes());
    let labels: Vec<u8> = pictures.labels.iter().flat_map(|label| label.to_le_bytes()).collect();
    hasher.update(&labels);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated;

    #[test]
    fn every_part_of_a_task_counts() {
        let task = generated::generate_first("generated/digits", 0, 32, 4).unwrap();
        let whole = digest(&task);
        assert_eq!(whole.len(), 64);
        assert_eq!(whole, digest(&task.clone()));

        let mut other = task.clone();
        other.info.classes.swap(0, 1);
        assert_ne!(digest(&other), whole);
        let mut other = task.clone();
        other.test.pixels[7] ^= 1;
        assert_ne!(digest(&other), whole);
        assert_eq!(digest_pictures(&other.train), digest_pictures(&task.train));
        let mut other = task.clone();
        std::mem::swap(&mut other.train, &mut other.test);
        assert_ne!(digest(&other), whole);
        let mut other = task;
        other.validation.labels[0] += 1;
        assert_ne!(digest(&other), whole);
    }
}
