package io.panallama;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.properties.HasModifiers;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The layers of docs/architecture.md: public API, then owners of native memory, then policy in pure Java; bindings below
 * all of them.
 */
class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.panallama");

  private static final String API = "io.panallama";
  private static final String GGUF = "io.panallama.gguf..";

  /** Policy in pure Java, and the seam below it. */
  private static final String[] POLICY = {
    "io.panallama.internal.engine..",
    "io.panallama.internal.schedule..",
    "io.panallama.internal.cache..",
    "io.panallama.internal.stream..",
    "io.panallama.internal.decode.."
  };

  private static final String HANDLE = "io.panallama.internal.llama..";
  private static final String BINDINGS = "io.panallama.bindings..";
  private static final String FOREIGN = "java.lang.foreign..";

  /** The restricted methods of JDK 25 that can be called by ordinary code; see the JDK's list of restricted methods. */
  private static final Set<String> RESTRICTED =
      Set.of(
          "java.lang.foreign.MemorySegment.reinterpret",
          "java.lang.foreign.AddressLayout.withTargetLayout",
          "java.lang.foreign.Linker.downcallHandle",
          "java.lang.foreign.Linker.upcallStub",
          "java.lang.foreign.SymbolLookup.libraryLookup",
          "java.lang.ModuleLayer$Controller.enableNativeAccess",
          "java.lang.Runtime.load",
          "java.lang.Runtime.loadLibrary",
          "java.lang.System.load",
          "java.lang.System.loadLibrary");

  @Test
  void theClassesOfEveryLayerAreSeen() {
    assertThat(CLASSES.contain("io.panallama.Engine")).isTrue();
    assertThat(CLASSES.contain("io.panallama.internal.schedule.Scheduler")).isTrue();
    assertThat(CLASSES.contain("io.panallama.internal.llama.NativeDecoder")).isTrue();
    assertThat(CLASSES.contain("io.panallama.bindings.generated.LlamaCpp")).isTrue();
  }

  private static String[] and(String[] some, String... others) {
    return Stream.of(some, others).flatMap(Arrays::stream).toArray(String[]::new);
  }

  @Test
  void thePublicApiKnowsNoForeignMemory() {
    noClasses()
        .that()
        .resideInAPackage(API)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(FOREIGN, BINDINGS)
        .check(CLASSES);
  }

  /** The GGUF reader maps files with it, for itself. */
  @Test
  void noPublicSignatureSpeaksOfForeignMemory() {
    for (JavaClass type : CLASSES) {
      if (type.getPackageName().startsWith("io.panallama.gguf") && isPublic(type)) {
        for (JavaCodeUnit unit : type.getCodeUnits()) {
          if (isPublic(unit)) {
            List<JavaClass> signature = new ArrayList<>(unit.getRawParameterTypes());
            signature.add(unit.getRawReturnType());
            assertThat(signature)
                .as(unit.getFullName())
                .noneMatch(part -> part.getPackageName().startsWith("java.lang.foreign"));
          }
        }
      }
    }
  }

  private static boolean isPublic(HasModifiers element) {
    return element.getModifiers().contains(JavaModifier.PUBLIC);
  }

  @Test
  void policyIsPureJava() {
    noClasses()
        .that()
        .resideInAnyPackage(POLICY)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(FOREIGN, BINDINGS, HANDLE, GGUF)
        .check(CLASSES);
  }

  @Test
  void nothingInternalKnowsTheEntryPoints() {
    noClasses()
        .that()
        .resideInAnyPackage(and(POLICY, HANDLE, BINDINGS))
        .should()
        .dependOnClassesThat()
        .belongToAnyOf(NativeRuntime.class, Model.class, Engine.class, Tokenizer.class, Vocabulary.class)
        .check(CLASSES);
  }

  @Test
  void bindingsKnowNothingAboveThem() {
    noClasses()
        .that()
        .resideInAPackage(BINDINGS)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(and(POLICY, API, GGUF, HANDLE))
        .check(CLASSES);
  }

  @Test
  void internalPackagesHaveNoCycles() {
    slices().matching("io.panallama.internal.(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void restrictedCallsAreMadeInBindingsOnly() {
    DescribedPredicate<JavaAccess<?>> restricted =
        describe(
            "is a restricted method",
            access -> RESTRICTED.contains(access.getTargetOwner().getName() + "." + access.getTarget().getName()));
    noClasses().that().resideOutsideOfPackage(BINDINGS).should().accessTargetWhere(restricted).check(CLASSES);
    // The rule sees such calls where there are some: the loader opens the libraries.
    classes()
        .that()
        .haveFullyQualifiedName("io.panallama.bindings.NativeLinkage")
        .should()
        .accessTargetWhere(restricted)
        .check(CLASSES);
  }

  @Test
  void threadsAreMadeInOnePlaceForTheEngineAndInOneForItsReaders() {
    DescribedPredicate<JavaAccess<?>> makesThreads =
        describe(
            "makes a thread",
            access ->
                access.getTargetOwner().isEquivalentTo(Thread.class)
                    && Set.of("<init>", "ofPlatform", "ofVirtual", "startVirtualThread")
                        .contains(access.getTarget().getName()));
    noClasses()
        .that()
        .resideInAnyPackage(and(POLICY, API, HANDLE, "io.panallama.generation", "io.panallama.internal.request"))
        .and()
        .doNotHaveFullyQualifiedName("io.panallama.internal.engine.EngineThreads")
        .and()
        .doNotHaveFullyQualifiedName("io.panallama.generation.Readers")
        .should()
        .accessTargetWhere(makesThreads)
        .check(CLASSES);
  }
}
