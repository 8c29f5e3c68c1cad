//! A walk over a model's parameters by Hugging Face name.

use crate::names::hugging_face_name;
use crate::{Backend, Classifier, Family};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::Tensor;

/// A parameter of a classifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedParameter {
    /// Hugging Face name.
    pub name: String,
    /// Burn's identity.
    pub id: ParamId,
    /// Shape in Burn's layout: weights of dense layers are [input, output].
    pub shape: Vec<usize>,
}

/// Every parameter of `model`, in the order of the modules.
pub fn named_parameters(model: &Classifier) -> Vec<NamedParameter> {
    let mut parameters = Vec::new();
    visit(model, |name, parameter| {
        let Seen { id, shape, .. } = parameter;
        parameters.push(NamedParameter { name, id, shape });
    });
    parameters
}

/// What a visit sees of a parameter; its tensor is read, and so drawn, only on demand.
pub(crate) struct Seen<'a> {
    pub(crate) id: ParamId,
    pub(crate) shape: Vec<usize>,
    /// The values, row-major, in f32.
    pub(crate) read: &'a dyn Fn() -> Result<Vec<f32>, String>,
}

/// Whether the tensor is stored transposed by Hugging Face: the weights of dense layers are.
pub(crate) fn is_transposed(name: &str, rank: usize) -> bool {
    rank == 2 && !name.contains("embeddings") && !name.contains("relative_attention_bias")
}

/// Calls `seen` for every parameter.
pub(crate) fn visit(model: &Classifier, seen: impl FnMut(String, Seen<'_>)) {
    model.visit(&mut Visitor { path: Path::new(model.family()), seen });
}

/// Draws the weights that are not there yet, in the order of the modules, so that one seed gives
/// one model.
pub(crate) fn initialise(model: Classifier) -> Classifier {
    struct Draw;
    impl ModuleVisitor<Backend> for Draw {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Backend, D>>) {
            drop(param.val());
        }
    }
    model.visit(&mut Draw);
    model
}

/// Replaces the parameters for which `replacement` has values, row-major, in Burn's layout.
pub(crate) fn replace(
    model: Classifier,
    replacement: impl FnMut(&str) -> Option<Vec<f32>>,
) -> Classifier {
    let path = Path::new(model.family());
    model.map(&mut Replacer { path, replacement })
}

/// Where a walk is.
struct Path {
    family: Family,
    parts: Vec<String>,
}

impl Path {
    fn new(family: Family) -> Self {
        Self { family, parts: Vec::new() }
    }

    fn name(&self) -> String {
        let parts: Vec<&str> = self.parts.iter().map(String::as_str).collect();
        hugging_face_name(self.family, &parts)
    }
}

struct Visitor<F> {
    path: Path,
    seen: F,
}

impl<F: FnMut(String, Seen<'_>)> ModuleVisitor<Backend> for Visitor<F> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.parts.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.parts.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Backend, D>>) {
        let read = || {
            let data = param.val().try_into_data().map_err(|error| error.to_string())?;
            data.convert::<f32>().into_vec().map_err(|error| format!("{error:?}"))
        };
        let shape = param.lazy_shape().dims::<D>().to_vec();
        (self.seen)(self.path.name(), Seen { id: param.id, shape, read: &read });
    }
}

struct Replacer<F> {
    path: Path,
    replacement: F,
}

impl<F: FnMut(&str) -> Option<Vec<f32>>> ModuleMapper<Backend> for Replacer<F> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.parts.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.parts.pop();
    }

    fn map_float<const D: usize>(
        &mut self,
        param: Param<Tensor<Backend, D>>,
    ) -> Param<Tensor<Backend, D>> {
        let Some(values) = (self.replacement)(&self.path.name()) else {
            return param;
        };
        let shape = param.lazy_shape();
        let data = burn::tensor::TensorData::new(values, shape);
        let tensor = Tensor::from_data(data, &param.lazy_device());
        let id = param.id;
        param.transform_for_load(tensor, id)
    }
}
