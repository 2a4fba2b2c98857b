//! A gate over a tracking store that MLflow itself has written: aliases, stages and owners are those of the store.

use serde_json::Value;

use crate::context::TestContext;

/// Two versions of a model, of which an alias names the first, and one model in production.
const REGISTER: &str = r#"
import warnings
warnings.filterwarnings("ignore")
import mlflow, mlflow.sklearn, numpy
from mlflow import MlflowClient
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

mlflow.set_tracking_uri("./mlruns")
X = numpy.random.RandomState(0).rand(60, 3)
y = (X[:, 0] > 0.5).astype(int)
risk = make_pipeline(StandardScaler(), LogisticRegression())
for name, model in [("churn", DecisionTreeClassifier(max_depth=3)), ("churn", DecisionTreeClassifier()), ("risk score", risk)]:
    with mlflow.start_run():
        mlflow.sklearn.log_model(model.fit(X, y), "model", registered_model_name=name)
client = MlflowClient()
client.set_registered_model_tag("churn", "owner", "team-a")
client.set_registered_model_alias("churn", "champion", "1")
client.transition_model_version_stage("risk score", "1", "Production")
"#;

#[test]
fn a_store_that_mlflow_wrote_is_gated_with_its_aliases_stages_and_owners() {
    let context = TestContext::new();
    context.write("register.py", REGISTER);
    let maker = "scikit-learn==1.5.2 numpy==1.26.4 pandas==2.2.3 mlflow-skinny==2.16.2 python==3.11";
    let made = context.run(["env", "path", maker]).expect(0);
    context.python(made.stdout().trim(), &["register.py"]);
    // Moved with what it holds, as a copy from a server is.
    fs_err::create_dir_all(context.path("here")).unwrap();
    fs_err::rename(context.path("mlruns"), context.path("here/mlruns")).unwrap();
    let gate = ["gate", "here/mlruns", "--from", "scikit-learn==1.5.2", "--to", "scikit-learn==1.7.2"];
    let ended = context.run(gate).expect(0);
    let said = ended.stderr();
    assert!(said.contains("here/mlruns is a registry of MLflow with 3 versions"), "{ended}");
    assert!(said.contains("nobody points at the other 1"), "{ended}");
    let results = context.results("gate");
    let registered: Vec<&Value> =
        results["artifacts"].as_array().unwrap().iter().map(|it| &it["file"]["registered"]).collect();
    let [churn, risk] = registered.as_slice() else { panic!("{registered:?}") };
    assert_eq!(
        (&churn["model"], &churn["version"], &churn["owner"]),
        (&"churn".into(), &1.into(), &"team-a".into())
    );
    assert_eq!(churn["aliases"], serde_json::json!(["champion"]));
    assert_eq!((&risk["model"], &risk["stage"]), (&"risk score".into(), &"Production".into()));
    let page = context.read("reports/gate/gate.md");
    assert!(page.contains("owner team-a") && page.contains("risk score version 1 (Production)"), "{page}");
    let page = context.read("reports/gate/report.html");
    assert!(
        page.contains("churn version 1 (@champion), owner team-a"),
        "the page for a browser says it as well"
    );
}
