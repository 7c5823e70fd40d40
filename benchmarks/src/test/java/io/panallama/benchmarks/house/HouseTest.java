package io.panallama.benchmarks.house;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.net.URL;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The one rule of docs/architecture.md, over every package of every module: values import nothing internal, internal
 * packages import values, facades import both, and no packages depend on each other in a cycle.
 *
 * <p>It lives in the benchmarks because every other module is on their class path.
 */
class HouseTest {
  private static final String ROOT = "io.panallama";

  private static final Set<String> VALUES =
      Set.of(
          ROOT + ".chat",
          ROOT + ".config",
          ROOT + ".embedding",
          ROOT + ".error",
          ROOT + ".generation",
          ROOT + ".gguf",
          ROOT + ".observe",
          ROOT + ".quantize",
          ROOT + ".request",
          ROOT + ".sampling",
          ROOT + ".scoring",
          ROOT + ".typed.annotation",
          ROOT + ".vocabulary");

  private static final Set<String> FACADES = Set.of(ROOT, ROOT + ".agent", ROOT + ".typed");

  private static final String INTERNAL = ROOT + ".internal.";

  /** Packages of the modules above and below the core, to which the rule about values and facades does not apply. */
  private static final List<String> OTHER_MODULES =
      List.of(
          ".bindings",
          ".benchmarks",
          ".cli",
          ".demo",
          ".grpc",
          ".load",
          ".models",
          ".natives",
          ".platform",
          ".search",
          ".server",
          ".testkit");

  /** A package with more types than this has no clear purpose. */
  private static final int MOST_PUBLIC_TYPES = 25;

  private static final JavaClasses CLASSES =
      new ClassFileImporter().withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages(ROOT);

  @Test
  void everyModuleIsSeen() {
    for (String type :
        List.of(
            ROOT + ".Engine",
            ROOT + ".bindings.NativeLibraries",
            ROOT + ".benchmarks.Main",
            ROOT + ".cli.Main",
            ROOT + ".demo.DemoModel",
            ROOT + ".grpc.GrpcFrontEnd",
            ROOT + ".load.LoadTest",
            ROOT + ".models.OnnxImporter",
            ROOT + ".search.DocumentStore",
            ROOT + ".server.ChatServer")) {
      assertThat(CLASSES.contain(type)).as(type).isTrue();
    }
  }

  @Test
  void everyPackageOfTheCoreIsValueFacadeOrInternal() {
    Set<String> unknown = new TreeSet<>();
    for (JavaClass type : CLASSES) {
      String name = type.getPackageName();
      boolean known =
          VALUES.contains(name) || FACADES.contains(name) || name.startsWith(INTERNAL) || isOtherModule(name);
      if (!known) {
        unknown.add(name);
      }
    }
    assertThat(unknown).isEmpty();
  }

  private static boolean isOtherModule(String name) {
    return OTHER_MODULES.stream()
        .map(ROOT::concat)
        .anyMatch(module -> name.equals(module) || name.startsWith(module + "."));
  }

  @Test
  void valuesImportOnlyValues() {
    List<String> others = new ArrayList<>(FACADES);
    others.add(INTERNAL + ".");
    OTHER_MODULES.forEach(module -> others.add(ROOT + module + ".."));
    noClasses()
        .that()
        .resideInAnyPackage(VALUES.toArray(String[]::new))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(others.toArray(String[]::new))
        .check(CLASSES);
  }

  @Test
  void internalPackagesImportNoFacade() {
    noClasses()
        .that()
        .resideInAPackage(INTERNAL + ".")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(FACADES.toArray(String[]::new))
        .check(CLASSES);
  }

  @Test
  void noPackagesDependOnEachOtherInACircle() {
    noCircles().check(CLASSES);
  }

  /** The rule above finds a cycle where there is one. */
  @Test
  void aCircleIsFound() {
    JavaClasses circle = new ClassFileImporter().importPackages(HouseTest.class.getPackageName() + ".circle");
    assertThat(circle).hasSize(2);
    assertThat(noCircles().evaluate(circle).hasViolation()).isTrue();
  }

  private static ArchRule noCircles() {
    return SlicesRuleDefinition.slices().assignedFrom(new EachPackage()).should().beFreeOfCycles();
  }

  private static final class EachPackage implements SliceAssignment {
    @Override
    public SliceIdentifier getIdentifierOf(JavaClass type) {
      String name = type.getPackageName();
      return name.startsWith(ROOT) ? SliceIdentifier.of(name) : SliceIdentifier.ignore();
    }

    @Override
    public String getDescription() {
      return "every package";
    }
  }

  @Test
  void exportedPackagesStaySmallEnoughToBeRead() {
    Map<String, Long> sizes =
        CLASSES.stream()
            .filter(type -> VALUES.contains(type.getPackageName()) || FACADES.contains(type.getPackageName()))
            .filter(type -> type.isTopLevelClass() && type.getModifiers().contains(JavaModifier.PUBLIC))
            .collect(Collectors.groupingBy(JavaClass::getPackageName, TreeMap::new, Collectors.counting()));
    assertThat(sizes.keySet()).containsAll(VALUES).containsAll(FACADES);
    assertThat(sizes).allSatisfy((name, size) -> assertThat(size).as(name).isLessThanOrEqualTo(MOST_PUBLIC_TYPES));
  }

  /** The module's unqualified exports are exactly the values and the facades. */
  @Test
  void theModuleExportsValuesAndFacades() throws IOException {
    ModuleDescriptor core = coreDescriptor();
    Set<String> exported =
        core.exports().stream()
            .filter(export -> !export.isQualified())
            .map(ModuleDescriptor.Exports::source)
            .collect(Collectors.toSet());
    Set<String> expected = new TreeSet<>(VALUES);
    expected.addAll(FACADES);
    assertThat(exported).containsExactlyInAnyOrderElementsOf(expected);
  }

  /** The class path has a descriptor for each module; the core's is the one that is called like the root package. */
  private static ModuleDescriptor coreDescriptor() throws IOException {
    for (URL url : Collections.list(HouseTest.class.getClassLoader().getResources("module-info.class"))) {
      try (InputStream in = url.openStream()) {
        ModuleDescriptor found = ModuleDescriptor.read(in);
        if (found.name().equals(ROOT)) {
          return found;
        }
      }
    }
    throw new AssertionError("no descriptor of module " + ROOT);
  }
}
