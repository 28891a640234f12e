//! Identities of data, by content.

use crate::detection::{DetectionData, Scenes};
use crate::task::Outline;
use crate::{Pictures, Split, TaskData, TaskInfo};

/// Digest of a whole task: what it is, and every picture and label of its splits. BLAKE3, 64 hexadecimal digits.
#[must_use]
pub fn digest(task: &TaskData) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("secateur-data 2026 task");
    add_outline(&mut hasher, &task.info.outline());
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

/// Digest of a whole detection task: what it is, and every picture and object of its splits. BLAKE3, 64 hexadecimal
/// digits.
#[must_use]
pub fn digest_detection(task: &DetectionData) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("secateur-data 2026 detection task");
    add_outline(&mut hasher, &task.info.outline());
    for border in task.info.size_borders {
        hasher.update(&border.to_le_bytes());
    }
    for split in Split::ALL {
        add_scenes(&mut hasher, task.split(split));
    }
    hasher.finalize().to_hex().to_string()
}

/// Digest of the pictures and objects of one split. BLAKE3, 64 hexadecimal digits.
#[must_use]
pub fn digest_scenes(scenes: &Scenes) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("secateur-data 2026 scenes");
    add_scenes(&mut hasher, scenes);
    hasher.finalize().to_hex().to_string()
}

/// BLAKE3 of a file.
pub(crate) type FileDigest = [u8; 32];

/// Digest of a split of files: their names, labels, ends and own digests. BLAKE3, 64 hexadecimal digits.
pub(crate) fn digest_files(names: &[&str], labels: &[u16], ends: &[u64], digests: &[FileDigest]) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("secateur-data 2026 files");
    add_length(&mut hasher, names.len());
    for (((name, label), end), digest) in names.iter().zip(labels).zip(ends).zip(digests) {
        add_text(&mut hasher, name);
        hasher.update(&label.to_le_bytes());
        hasher.update(&end.to_le_bytes());
        hasher.update(digest);
    }
    hasher.finalize().to_hex().to_string()
}

/// Digest of a task that was packed as files: what it is, and the digests of its splits. BLAKE3, 64 hexadecimal digits.
pub(crate) fn digest_packed(info: &TaskInfo, splits: &[String]) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("secateur-data 2026 task of files");
    add_outline(&mut hasher, &info.outline());
    for split in splits {
        add_text(&mut hasher, split);
    }
    hasher.finalize().to_hex().to_string()
}

// Every part of variable length is preceded by its length, so that no two tasks feed the same bytes.

fn add_length(hasher: &mut blake3::Hasher, length: usize) {
    hasher.update(&(length as u64).to_le_bytes());
}

fn add_text(hasher: &mut blake3::Hasher, text: &str) {
    add_length(hasher, text.len());
    hasher.update(text.as_bytes());
}

fn add_outline(hasher: &mut blake3::Hasher, info: &Outline<'_>) {
    for text in [info.id, info.title, info.summary] {
        add_text(hasher, text);
    }
    hasher.update(&info.version.to_le_bytes());
    add_length(hasher, info.classes.len());
    for class in info.classes {
        add_text(hasher, class);
    }
    add_text(hasher, info.metric);
    for values in [info.mean, info.std] {
        add_length(hasher, values.len());
        for value in values {
            hasher.update(&value.to_le_bytes());
        }
    }
}

fn add_pictures(hasher: &mut blake3::Hasher, pictures: &Pictures) {
    for length in pictures.shape {
        add_length(hasher, length);
    }
    add_length(hasher, pictures.pixels.len());
    hasher.update(&pictures.pixels);
    add_length(hasher, pictures.labels.len());
    let labels: Vec<u8> = pictures.labels.iter().flat_map(|label| label.to_le_bytes()).collect();
    hasher.update(&labels);
}

fn add_scenes(hasher: &mut blake3::Hasher, scenes: &Scenes) {
    for length in scenes.shape {
        add_length(hasher, length);
    }
    add_length(hasher, scenes.pixels.len());
    hasher.update(&scenes.pixels);
    add_length(hasher, scenes.len());
    for name in &scenes.names {
        add_text(hasher, name);
    }
    for (k, size) in scenes.sizes.iter().enumerate() {
        for value in size {
            hasher.update(&value.to_le_bytes());
        }
        add_length(hasher, scenes.range(k).len());
    }
    add_length(hasher, scenes.objects.len());
    for object in (0..scenes.objects.len()).filter_map(|index| scenes.objects.get(index)) {
        hasher.update(&object.class.to_le_bytes());
        for value in object.corners.into_iter().chain([object.area]) {
            hasher.update(&value.to_le_bytes());
        }
        hasher.update(&[u8::from(object.difficult), u8::from(object.crowd)]);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::detection::DetectionMetric;
    use crate::generated;
    use crate::testing::detection_task;

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
    #[test]
    fn every_part_of_a_detection_task_counts() {
        let task = detection_task();
        let whole = digest_detection(&task);
        assert_eq!(whole, digest_detection(&task.clone()));
        let changes: [&dyn Fn(&mut DetectionData); 13] = [
            &|task| task.info.title.push('!'),
            &|task| task.info.metric = DetectionMetric::CocoAp,
            &|task| task.info.size_borders[1] += 1.0,
            &|task| task.train.shape.swap(0, 1),
            &|task| task.train.pixels[7] ^= 1,
            &|task| task.train.names[0].push('b'),
            &|task| task.train.sizes[0][1] += 1,
            &|task| task.train.offsets[1] = 1,
            &|task| task.train.objects.classes[0] = 1,
            &|task| task.test.objects.boxes[0][3] += 0.5,
            &|task| task.test.objects.areas[0] += 0.5,
            &|task| task.test.objects.difficult[0] = true,
            &|task| task.test.objects.crowd[0] = true,
        ];
        let digests: BTreeSet<String> = changes
            .iter()
            .map(|change| {
                let mut other = task.clone();
                change(&mut other);
                digest_detection(&other)
            })
            .chain([whole])
            .collect();
        assert_eq!(digests.len(), changes.len() + 1);
    }
}
