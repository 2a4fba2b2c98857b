//! Files in the place of an artifact: what they are instead, and what to do about it.

use serde::{Deserialize, Serialize};

macro_rules! foreign {
    ($($(#[$about:meta])* $name:ident, $what:literal, $help:literal;)+) => {
        /// What a file is that stands where an artifact was expected, or what has happened to the artifact.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Foreign { $($(#[$about])* $name,)+ }

        impl Foreign {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// What it is, as a part of a sentence.
            pub const fn what(self) -> &'static str {
                match self { $(Self::$name => $what,)+ }
            }

            /// What somebody can do now.
            pub const fn help(self) -> &'static str {
                match self { $(Self::$name => $help,)+ }
            }
        }
    };
}

foreign! {
    /// No bytes at all.
    Empty, "an empty file", "copy or download it again";
    /// Only zero bytes.
    Zeros, "a file of zero bytes only", "copy or download it again: what was written there never arrived";
    /// It ends too early.
    Cut, "cut off: it ends in the middle", "copy or download it again, and compare its size with that of the original";
    /// The text that git keeps instead of a large file.
    LfsPointer, "a Git LFS pointer", "fetch the file itself with `git lfs pull`";
    /// The same of git-annex.
    AnnexPointer, "a git-annex pointer", "fetch the file itself with `git annex get FILE`";
    /// The same of DVC.
    DvcPointer, "a DVC pointer", "fetch the file itself with `dvc pull`, and give its path without `.dvc`";
    /// A page of a web server.
    WebPage, "a web page",
        "download the file itself: open the address in a browser, since it asks for a login or a confirmation";
    /// A document in XML that says why there is no file.
    StoreError, "an error message of a file store (XML)",
        "download the file itself: the address or the permission was wrong";
    /// A document in JSON that says why there is no file.
    ServiceError, "an error message of a web service (JSON)",
        "download the file itself: the address or the permission was wrong";
    /// A short answer of a web server in plain text.
    HttpError, "an error message of a web server",
        "download the file itself: the address or the permission was wrong";
    /// A model in PMML.
    Pmml, "a PMML document", "give the file that scikit-learn's own model was saved to, for example with joblib.dump";
    /// Some other XML.
    Xml, "an XML document", "give the file that the fitted estimator was saved to, for example with joblib.dump";
    /// A notebook.
    Notebook, "a Jupyter notebook", "run it, and give the file that it saves the fitted estimator to";
    /// The path that git writes where links cannot be made.
    LinkText, "a text that holds only a path, as git writes links where it cannot make them",
        "give the file that it names";
    /// A macOS companion of a file.
    AppleDouble, "what macOS keeps beside a file (`._` files)", "give the file without `._` in its name";
    /// A model as base64.
    Base64, "a pickle as base64 text", "decode it: base64 -d FILE > model.pkl";
    /// A model as hexadecimal digits.
    Hexadecimal, "a pickle as hexadecimal text", "decode it: xxd -r -p FILE > model.pkl";
    /// The text that Python prints for bytes.
    Repr, "the text that Python prints for the bytes of a pickle (`b'...'`)",
        "save it again with pickle.dump into a file opened with \"wb\"";
    /// A byte order mark before the model.
    ByteOrderMark, "a pickle behind a byte order mark: an editor or a text mode wrote it",
        "save or copy it again in binary mode; `tail -c +4 FILE > model.pkl` takes the mark off";
    /// Blank space before the model.
    LeadingBlank, "a pickle behind blank space or line ends that do not belong to it",
        "save or copy it again in binary mode";
    /// Bytes that were taken for text and written as UTF-8.
    Utf8, "a pickle whose bytes were taken for latin-1 text and written as UTF-8",
        "save or copy it again in binary mode; `iconv -f UTF-8 -t LATIN1 FILE > model.pkl` undoes it";
    /// Bytes that were taken for UTF-8, and of which those that are none are lost.
    Utf8Lossy, "a pickle that was read as text: the bytes that are no UTF-8 are lost",
        "save or copy it again in binary mode: this copy cannot be repaired";
    /// Line feeds that became carriage returns and line feeds.
    CrLf, "a pickle whose line ends were changed to those of Windows (text mode of Windows, FTP or git)",
        "copy it again in binary mode, or save it with open(..., \"wb\"); in git, mark it `binary` in .gitattributes";
    /// Comma separated values.
    Table, "a table of text (CSV)", "if it holds rows to predict on, give it as --inputs";
    /// Some other text.
    Text, "plain text", "give the file that the fitted estimator was saved to, for example with joblib.dump";
    /// Parquet.
    Parquet, "a Parquet file", "if it holds rows to predict on, give it as --inputs";
    /// Arrow or Feather.
    Arrow, "an Arrow or Feather file", "if it holds rows to predict on, save them as Parquet and give them as --inputs";
    /// HDF5.
    Hdf5, "an HDF5 file, as Keras and pandas write them", "give a file with an estimator of scikit-learn";
    /// PyTorch.
    Torch, "a model of PyTorch", "give a file with an estimator of scikit-learn";
    /// Keras.
    Keras, "a model of Keras", "give a file with an estimator of scikit-learn";
    /// TensorFlow Lite.
    TensorFlowLite, "a model of TensorFlow Lite", "give a file with an estimator of scikit-learn";
    /// Weights in safetensors.
    SafeTensors, "weights in safetensors", "give a file with an estimator of scikit-learn";
    /// Weights in GGUF.
    Gguf, "weights in GGUF", "give a file with an estimator of scikit-learn";
    /// XGBoost's own format.
    Xgboost, "a booster in XGBoost's own format",
        "it needs xgboost alone and no scikit-learn; to try it, save the fitted XGBClassifier or XGBRegressor with joblib.dump";
    /// LightGBM's own format.
    Lightgbm, "a booster in LightGBM's own format",
        "it needs lightgbm alone and no scikit-learn; to try it, save the fitted estimator with joblib.dump";
    /// CatBoost's own format.
    Catboost, "a model in CatBoost's own format",
        "it needs catboost alone and no scikit-learn; to try it, save the fitted estimator with joblib.dump";
    /// R.
    R, "data of R (.rds or .RData)", "give a file with an estimator of scikit-learn";
    /// MATLAB.
    Matlab, "data of MATLAB (.mat)", "give a file with an estimator of scikit-learn";
    /// Java.
    Java, "a serialised object of Java", "give a file with an estimator of scikit-learn";
    /// SQLite.
    Sqlite, "an SQLite database", "give the file that the fitted estimator was saved to";
    /// A picture.
    Picture, "a picture", "give the file that the fitted estimator was saved to";
    /// PDF.
    Pdf, "a PDF document", "give the file that the fitted estimator was saved to";
    /// A program or library.
    Program, "a program or a library", "give the file that the fitted estimator was saved to";
    /// zstd.
    Zstd, "compressed with zstd, which neither pickle nor joblib reads", "decompress it: zstd -d FILE -o model.pkl";
    /// 7z.
    SevenZip, "a 7z archive", "unpack it, and give the path of the model in it";
    /// RAR.
    Rar, "a RAR archive", "unpack it, and give the path of the model in it";
    /// Encrypted.
    Encrypted, "encrypted", "decrypt it first";
    /// Numbers of numpy.
    Array, "a numpy array (.npy)", "if it holds rows to predict on, give it as --inputs";
    /// Several of them.
    Arrays, "numpy arrays (.npz)", "give the file that the fitted estimator was saved to";
    /// JSON of some kind.
    Json, "JSON, in which some libraries save their own models",
        "give the file that the fitted estimator was saved to, for example with joblib.dump";
    /// The description of an MLflow model without the model.
    MlflowDescription, "the description of an MLflow model", "give the path of the folder that contains it";
    /// An archive without a model in it.
    NoModelInside, "an archive without a model in it",
        "give the file that the fitted estimator was saved to, for example with joblib.dump";
    /// An archive with several.
    SeveralInside, "an archive with several models in it", "unpack it, and give the path of one of them, or of their folder";
    /// Nothing that is known.
    Unknown, "not a format that shelflife knows",
        "give the file that the fitted estimator was saved to, for example with joblib.dump";
}

impl Foreign {
    /// Whether it is what such a file should be, only no model.
    pub const fn is_sound(self) -> bool {
        matches!(self, Self::Array | Self::Arrays | Self::Json | Self::MlflowDescription)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_says_what_it_is_and_what_to_do() {
        for kind in Foreign::ALL {
            for text in [kind.what(), kind.help()] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{kind:?}: {text}");
            }
        }
    }
}
