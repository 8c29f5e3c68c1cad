//! Parameter names: ours, a path through the modules, and Hugging Face's.

use crate::Family;

/// The Hugging Face name of the parameter at `path`, for example
/// `["layers", "0", "attention", "query", "weight"]`.
pub(crate) fn hugging_face_name(family: Family, path: &[&str]) -> String {
    let (module, parameter) = path.split_at(path.len().saturating_sub(1));
    let parameter = match parameter {
        ["gamma"] => "weight",
        ["beta"] => "bias",
        [other] => other,
        _ => "",
    };
    format!("{}.{parameter}", module_name(family, module))
}

fn module_name(family: Family, path: &[&str]) -> String {
    let prefix = prefix(family);
    match path {
        ["embeddings", part] => format!("{prefix}.embeddings.{}", embedding_name(part)),
        ["relative", "table"] => format!("{prefix}.encoder.relative_attention_bias"),
        ["layers", index, rest @ ..] => {
            format!("{prefix}.encoder.layer.{index}.{}", layer_name(family, rest))
        }
        ["head", part] => head_name(family, part).to_owned(),
        other => other.join("."),
    }
}

/// What transformers puts before the encoder's names.
pub const fn prefix(family: Family) -> &'static str {
    match family {
        Family::Bert => "bert",
        Family::Mpnet => "mpnet",
        Family::Roberta | Family::XlmRoberta | Family::Camembert => "roberta",
    }
}

fn embedding_name(part: &str) -> &str {
    match part {
        "words" => "word_embeddings",
        "positions" => "position_embeddings",
        "types" => "token_type_embeddings",
        "norm" => "LayerNorm",
        other => other,
    }
}

fn layer_name(family: Family, path: &[&str]) -> String {
    let mpnet = family == Family::Mpnet;
    let name = match path {
        ["attention", "query"] if mpnet => "attention.attn.q",
        ["attention", "key"] if mpnet => "attention.attn.k",
        ["attention", "value"] if mpnet => "attention.attn.v",
        ["attention", "output"] if mpnet => "attention.attn.o",
        ["attention", "norm"] if mpnet => "attention.LayerNorm",
        ["attention", "query"] => "attention.self.query",
        ["attention", "key"] => "attention.self.key",
        ["attention", "value"] => "attention.self.value",
        ["attention", "output"] => "attention.output.dense",
        ["attention", "norm"] => "attention.output.LayerNorm",
        ["intermediate"] => "intermediate.dense",
        ["output"] => "output.dense",
        ["norm"] => "output.LayerNorm",
        other => return other.join("."),
    };
    name.to_owned()
}

fn head_name(family: Family, part: &str) -> &'static str {
    match (family, part) {
        (Family::Bert, "dense") => "bert.pooler.dense",
        (Family::Bert, _) => "classifier",
        (_, "dense") => "classifier.dense",
        _ => "classifier.out_proj",
    }
}

/// Whether `name` belongs to the head, which a checkpoint of an encoder alone lacks.
pub fn is_head(name: &str) -> bool {
    name.starts_with("classifier.") || name.starts_with("bert.pooler.")
}

/// Brings a name found in a file to the one expected: with the family's prefix, and without the
/// `gamma` and `beta` of the oldest checkpoints.
pub fn canonical(family: Family, found: &str) -> String {
    let prefix = prefix(family);
    let inner = ["embeddings.", "encoder.", "pooler."];
    let name = if inner.iter().any(|start| found.starts_with(start)) {
        format!("{prefix}.{found}")
    } else {
        found.to_owned()
    };
    match name.strip_suffix(".gamma") {
        Some(norm) => format!("{norm}.weight"),
        None => name.strip_suffix(".beta").map_or(name.clone(), |norm| format!("{norm}.bias")),
    }
}

/// Tensors that may be in a file and are not read: buffers of older versions, and the heads of
/// other tasks.
pub fn is_ignorable(family: Family, canonical: &str) -> bool {
    let buffers = ["embeddings.position_ids", "embeddings.token_type_ids"];
    let other_heads = ["lm_head.", "cls.", "qa_outputs."];
    let unused_pooler = family != Family::Bert
        && canonical.strip_prefix(prefix(family)).is_some_and(|rest| rest.starts_with(".pooler."));
    buffers.iter().any(|end| canonical.ends_with(end))
        || other_heads.iter().any(|start| canonical.starts_with(start))
        || unused_pooler
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_the_prefix_once() {
        let expected = "bert.encoder.layer.0.output.LayerNorm.weight";
        for found in [
            "bert.encoder.layer.0.output.LayerNorm.gamma",
            "encoder.layer.0.output.LayerNorm.weight",
            "bert.encoder.layer.0.output.LayerNorm.weight",
        ] {
            assert_eq!(canonical(Family::Bert, found), expected);
        }
        assert_eq!(canonical(Family::Bert, "classifier.weight"), "classifier.weight");
    }

    #[test]
    fn a_pooler_is_a_head_for_bert_and_ignored_elsewhere() {
        assert!(!is_ignorable(Family::Bert, "bert.pooler.dense.weight"));
        assert!(is_ignorable(Family::Roberta, "roberta.pooler.dense.weight"));
        assert!(is_ignorable(Family::Mpnet, "mpnet.embeddings.position_ids"));
        assert!(!is_ignorable(Family::Roberta, "roberta.encoder.layer.0.surprise.weight"));
    }
}
