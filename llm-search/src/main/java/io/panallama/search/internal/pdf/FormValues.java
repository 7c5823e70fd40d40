package io.panallama.search.internal.pdf;

import java.io.IOException;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.pdfbox.cos.COSArray;
import org.apache.pdfbox.cos.COSBase;
import org.apache.pdfbox.cos.COSName;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.interactive.annotation.PDAnnotationWidget;
import org.apache.pdfbox.pdmodel.interactive.form.PDAcroForm;
import org.apache.pdfbox.pdmodel.interactive.form.PDButton;
import org.apache.pdfbox.pdmodel.interactive.form.PDField;
import org.apache.pdfbox.pdmodel.interactive.form.PDSignatureField;
import org.apache.pdfbox.pdmodel.interactive.form.PDTerminalField;
import org.apache.pdfbox.pdmodel.interactive.form.PDTextField;

/** What is filled into the form of a document, by page. A page's own text does not have it. */
final class FormValues {
  private static final String UNCHECKED = "Off";

  private final IdentityHashMap<COSBase, Integer> pages = new IdentityHashMap<>();
  private final Map<Integer, StringBuilder> values = new HashMap<>();

  /** Reads the form of a document, if it has one. One that is broken is left out: the pages are there without it. */
  static FormValues of(PDDocument document) {
    FormValues form = new FormValues();
    try {
      form.read(document);
    } catch (IOException | RuntimeException | StackOverflowError broken) {
      form.values.clear();
    }
    return form;
  }

  private FormValues() {}

  private void read(PDDocument document) throws IOException {
    // Nothing is to be repaired or drawn for it.
    PDAcroForm form = document.getDocumentCatalog().getAcroForm(null);
    if (form == null) {
      return;
    }
    int number = 0;
    for (PDPage page : document.getPages()) {
      number++;
      COSArray annotations = page.getCOSObject().getCOSArray(COSName.ANNOTS);
      for (int i = 0; annotations != null && i < annotations.size(); i++) {
        COSBase annotation = annotations.getObject(i);
        if (annotation != null) {
          pages.putIfAbsent(annotation, number);
        }
      }
    }
    for (PDField field : form.getFieldTree()) {
      if (field instanceof PDTerminalField terminal) {
        add(terminal);
      }
    }
  }

  /** The fields of a page as lines of name and value; each ends with a line end. */
  String of(int page) {
    StringBuilder lines = values.get(page);
    return lines == null ? "" : lines.toString();
  }

  private void add(PDTerminalField field) throws IOException {
    Optional<PDAnnotationWidget> shown =
        field.getWidgets().stream().filter(widget -> !widget.isHidden() && !widget.isNoView()).findFirst();
    String value = shown.isEmpty() || isSecret(field) ? "" : field.getValueAsString().strip();
    if (value.isEmpty() || field instanceof PDButton && value.equals(UNCHECKED)) {
      return;
    }
    String label = Optional.ofNullable(field.getAlternateFieldName()).orElse(field.getPartialName());
    StringBuilder lines =
        values.computeIfAbsent(pages.getOrDefault(shown.get().getCOSObject(), 1), _ -> new StringBuilder());
    if (label != null && !label.isBlank()) {
      lines.append(label.strip()).append(": ");
    }
    lines.append(value.replace("\r\n", "\n").replace('\r', '\n')).append('\n');
  }

  private static boolean isSecret(PDTerminalField field) {
    return field instanceof PDSignatureField || field instanceof PDTextField text && text.isPassword();
  }
}
