"""Private calls into libraries: the versions they were tried with, and each of them tried."""

import inspect
from importlib.metadata import version

import pytest
import tensorflow as tf
import tensorflow_recommenders as tfrs
import tensorflow_transform as tft
from tensorflow_transform import impl_helper

from features import private_apis


@pytest.mark.parametrize("package", private_apis.TRIED_WITH)
def test_installed_versions_are_those_tried(package):
    installed, tried = version(package), private_apis.TRIED_WITH[package]
    assert f"{installed}.".startswith(f"{tried}."), (
        f"{package} {installed} is installed, features/private_apis.py was tried with {tried}: see that all tests pass, "
        "then write the new version there"
    )


def test_tft_still_writes_a_graph_without_a_pipeline(tmp_path):
    assert list(inspect.signature(impl_helper.analyze_in_place).parameters)[:5] == [
        "preprocessing_fn",
        "force_tf_compat_v1",
        "feature_specs",
        "type_specs",
        "transform_output_path",
    ]
    private_apis.write_transform(
        lambda raw: {"double": 2.0 * raw["x"]},
        {"x": tf.io.FixedLenFeature([], tf.float32)},
        {"x": tf.TensorSpec([None], tf.float32)},
        str(tmp_path / "transform"),
    )
    layer = tft.TFTransformOutput(str(tmp_path / "transform")).transform_features_layer()
    assert layer({"x": tf.constant([1.0, 4.0])})["double"].numpy().tolist() == [2, 8]


def test_variables_of_a_composite_optimizer_are_made_ahead():
    weight, adam = tf.Variable([1.0]), tf.keras.optimizers.legacy.Adam(0.1)
    composite = tfrs.experimental.optimizers.CompositeOptimizer([(adam, lambda: [weight])])
    private_apis.make_optimizer_variables(composite)
    assert len(adam.variables()) == 3  # iterations and two moments
    composite.apply_gradients([(tf.constant([1.0]), weight)])
    assert len(adam.variables()) == 3


@pytest.mark.parametrize("kind", [tf.keras.optimizers.legacy.Adam, tf.keras.optimizers.Adam], ids=["legacy", "new"])
def test_slots_are_the_moments_of_the_variable_asked_for(kind):
    first, second, other = tf.Variable([1.0]), tf.Variable([2.0]), tf.Variable([3.0])
    optimizer = kind(0.1)
    optimizer.apply_gradients([(tf.constant([1.0]), first), (tf.constant([10.0]), second)])
    # After one step the moments are .1 g and .001 g^2.
    assert sorted(float(slot[0]) for slot in private_apis.slots(optimizer, second)) == pytest.approx([0.1, 1.0], rel=1e-4)
    assert sorted(float(slot[0]) for slot in private_apis.slots(optimizer, first)) == pytest.approx([0.001, 0.1], rel=1e-4)
    assert private_apis.slots(optimizer, other) == []


@pytest.mark.parametrize("kind", [tf.keras.optimizers.legacy.Adam, tf.keras.optimizers.Adam], ids=["legacy", "new"])
@pytest.mark.parametrize("count", [1, 2])
def test_an_optimizer_of_one_variable_is_told_from_one_of_two(kind, count):
    optimizer = kind(0.1)
    optimizer.apply_gradients([(tf.constant([1.0]), tf.Variable([1.0])) for _ in range(count)])
    assert private_apis.trains_one_variable(optimizer) == (count == 1)


def test_strategies_tell_their_parameter_servers():
    assert private_apis.parameter_servers(tf.distribute.OneDeviceStrategy("/cpu:0")) == 0
    # A cluster is a matter of seconds and ports, so here only that the attribute is still set by its constructor.
    assert "self._num_ps = " in inspect.getsource(inspect.getmodule(tf.distribute.ParameterServerStrategy))


def test_every_gpu_has_a_limit():
    limits = private_apis.gpu_memory_limits()
    assert len(limits) == len(tf.config.list_physical_devices("GPU"))
    assert all(limit > 2**28 for limit in limits)
